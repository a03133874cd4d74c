import type { Fabric } from '../fabric/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import type { ClusterLook, Read, Unread } from './cluster-look.ts';
import { typed } from './typed.ts';
import { type Subject, unknown, type Verdict, type VerdictKind } from './verdict.ts';

/** Which cluster was to be read. */
type Asked = Pick<ClusterLook, 'context' | 'server'>;

/** A promise that cannot be held against what could not be read. */
export const unreadVerdict = (
  fabric: Fabric,
  look: Asked,
  why: Unread,
  about: Subject,
  kind: VerdictKind,
): Verdict =>
  unknown({
    about,
    kind,
    cause: { message: unreadText(why, look), evidence: why.evidence },
    next: nextAfterUnread(fabric, look, why),
  });

/** `nodes: the account of context home may not list them`. */
export const unreadText = (why: Unread, look: Asked): string => `${why.what}: ${inWords(why, look)}`;

/** The first of these that was not read. */
export const firstUnread = (...reads: readonly Read<unknown>[]): Unread | undefined =>
  reads.flatMap((read) => (read.ok ? [] : [read.why]))[0];

/** The same, of what is named anyway. */
export function inWords({ because }: Unread, { context = '', server = 'the API server' }: Asked): string {
  switch (because) {
    case 'no-kubeconfig':
      return 'there is no cluster to talk to';
    case 'no-credentials':
      return 'there are no credentials';
    case 'unreachable':
      return `${server} cannot be reached`;
    case 'timeout':
      return `${server} does not answer in time`;
    case 'interrupted':
      return 'it was interrupted';
    case 'untrusted':
      return `the certificate of ${server} is not one that the kubeconfig trusts`;
    case 'server-certificate-expired':
      return `the certificate of ${server} is out of date`;
    case 'clock-skew':
      return `the clocks of this machine and of ${server} differ so much that its certificate seems out of date`;
    case 'unauthorised':
      return `${server} does not accept the credentials of context ${context}`;
    case 'credentials-expired':
      return `the credentials of context ${context} have expired`;
    case 'forbidden':
      return `the account of context ${context} may not list them`;
    case 'not-served':
      return 'the cluster does not have this kind';
    case 'too-large':
      return 'there is more of it than noencap reads';
    case 'changing':
      return 'the list changes faster than it can be read';
    case 'busy':
      return `${server} is too busy, or a part of it is down`;
    case 'not-understood':
      return `${server} does not answer as Kubernetes does`;
  }
}

/** K3s renews certificates that expire soon whenever it starts, and its kubeconfig with them. */
export function nextAfterUnread(fabric: Fabric, { server }: Asked, { because }: Unread): string | undefined {
  const first = fabric.k3s.firstServer;
  switch (because) {
    case 'no-kubeconfig':
      return 'kubectl config get-contexts';
    case 'no-credentials':
    case 'unauthorised':
      return 'kubectl auth whoami';
    case 'credentials-expired':
      return typed`ssh ${first} sudo cat /etc/rancher/k3s/k3s.yaml`;
    case 'unreachable':
    case 'timeout':
    case 'untrusted':
    case 'not-understood':
      return typed`curl -vk ${server ?? 'https://SERVER:6443'}/version`;
    case 'server-certificate-expired':
      return typed`ssh ${first} sudo systemctl restart k3s`;
    case 'clock-skew':
      return 'timedatectl';
    case 'forbidden':
      return 'kubectl auth can-i --list';
    case 'not-served':
      return 'kubectl get tigerastatus';
    case 'interrupted':
      return `${NOENCAP} verify`;
    case 'too-large':
    case 'changing':
    case 'busy':
      return "kubectl get --raw '/readyz?verbose'";
  }
}
