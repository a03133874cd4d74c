import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Lab } from '../../../lab/index.ts';
import { type Answer, type ApiServer, type Asked, refusal, type Stored } from '../cluster/api-server.ts';
import { type PodSpec, violations } from './pod-security.ts';

/** What has happened in a cluster whose pods run in the namespaces of a lab. */
export interface Kubelets {
  /** Names of namespaces that are there. */
  namespaces(): string[];
  pods(namespace: string): string[];
  /** Puts a namespace there, or a pod, as somebody else would. */
  put(namespace: Stored): void;
  putPod(namespace: string, pod: Stored): void;
  /** Of pods that were created, in their order. */
  readonly created: Stored[];
  /** A pod that never starts, by its node and the reason. */
  readonly broken: Map<string, { readonly reason: string; readonly message: string }>;
  /** Called when a pod is created. */
  onCreate: ((pod: Stored) => void) | undefined;
}

interface Pod {
  readonly object: Stored & { readonly spec: PodSpec };
  readonly namespace: string;
  status: Record<string, unknown>;
  log: string;
}

/**
 * Lets an API server take namespaces and pods, with its own status codes, and plays the kubelet of each node: a pod's command runs in the
 * network namespace that the lab has for pods of that node, as its user, with its capabilities and sysctls, on a /tmp of its own.
 */
export function kubelets(server: ApiServer, lab: Lab | undefined): Kubelets {
  const namespaces = new Map<string, Stored>();
  const pods = new Map<string, Pod>();
  /** A new namespace gets its service account a moment later. */
  const withoutAccount = new Map<string, number>();
  const state: Kubelets = {
    namespaces: () => [...namespaces.keys()],
    pods: (namespace) =>
      [...pods.values()]
        .filter((one) => one.namespace === namespace)
        .map(({ object }) => object.metadata.name),
    put: (one) => void namespaces.set(one.metadata.name, one),
    putPod: (namespace, object) =>
      void pods.set(key(namespace, object.metadata.name), {
        object: object as Pod['object'],
        namespace,
        status: { phase: 'Running' },
        log: '',
      }),
    created: [],
    broken: new Map(),
    onCreate: undefined,
  };
  const key = (namespace: string, name: string) => `${namespace}/${name}`;
  const ended = (name: string) =>
    namespaces.get(name)?.metadata.deletionTimestamp !== undefined && state.pods(name).length === 0;

  server.more = (asked) => {
    const [, namespace = '', rest = ''] =
      /^\/api\/v1\/namespaces\/([^/]+)(?:\/(.*))?$/.exec(asked.path) ?? [];
    if (asked.path === '/api/v1/namespaces') return asked.method === 'POST' ? newNamespace(asked) : undefined;
    if (namespace === '' || namespace === 'calico-system') return undefined;
    if (rest === '') return theNamespace(asked, namespace);
    const [kind, name, sub] = rest.split('/');
    if (kind !== 'pods') return undefined;
    if (name === undefined) return theirPods(asked, namespace);
    const pod = pods.get(key(namespace, name));
    if (pod === undefined) return refusal(404, 'NotFound', `pods "${name}" not found`);
    return sub === 'log' ? { status: 200, body: pod.log } : undefined;
  };

  function newNamespace({ body }: Asked): Answer {
    if (server.forbidden.has('namespaces'))
      return refusal(
        403,
        'Forbidden',
        'namespaces is forbidden: User "viewer" cannot create resource "namespaces" in API group "" at the cluster scope',
      );
    const object = JSON.parse(body) as Stored;
    const { name } = object.metadata;
    if (namespaces.has(name)) return refusal(409, 'AlreadyExists', `namespaces "${name}" already exists`);
    namespaces.set(name, { ...object, status: { phase: 'Active' } });
    withoutAccount.set(name, 2);
    return { status: 201, body: namespaces.get(name) };
  }

  function theNamespace({ method }: Asked, name: string): Answer | undefined {
    const found = namespaces.get(name);
    if (found === undefined) return refusal(404, 'NotFound', `namespaces "${name}" not found`);
    if (method === 'GET') {
      // It is gone at the next look.
      if (ended(name)) namespaces.delete(name);
      return { status: 200, body: found };
    }
    if (method !== 'DELETE') return undefined;
    const metadata = { ...found.metadata, deletionTimestamp: new Date().toISOString() };
    namespaces.set(name, { ...found, metadata, status: { phase: 'Terminating' } });
    for (const [id, one] of pods) if (one.namespace === name) pods.delete(id);
    if (ended(name)) namespaces.delete(name);
    return { status: 200, body: found };
  }

  function theirPods(asked: Asked, namespace: string): Answer | undefined {
    const { method, query } = asked;
    if (method === 'POST') return newPod(asked, namespace);
    const [label = '', value] = (query.get('labelSelector') ?? '').split('=');
    const found = [...pods].filter(([, { object, namespace: of }]) => {
      const labels = object.metadata.labels as Record<string, string>;
      return of === namespace && (label === '' || labels[label] === value);
    });
    if (method === 'DELETE') {
      for (const [id] of found) pods.delete(id);
      return { status: 200, body: { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [] } };
    }
    const items = found.map(([, { object, status }]) => ({ ...object, status }));
    return { status: 200, body: { kind: 'PodList', apiVersion: 'v1', metadata: {}, items } };
  }

  function newPod({ body }: Asked, namespace: string): Answer {
    const object = JSON.parse(body) as Pod['object'];
    const { name } = object.metadata;
    const home = namespaces.get(namespace);
    if (home === undefined) return refusal(404, 'NotFound', `namespaces "${namespace}" not found`);
    const early = withoutAccount.get(namespace) ?? 0;
    withoutAccount.set(namespace, early - 1);
    if (early > 0)
      return refusal(
        403,
        'Forbidden',
        `pods "${name}" is forbidden: error looking up service account ${namespace}/default: serviceaccount "default" not found`,
      );
    const level =
      (home.metadata.labels as Record<string, string>)['pod-security.kubernetes.io/enforce'] ?? '';
    const wrong = violations(level, object.spec);
    if (wrong.length > 0) {
      const message = `pods "${name}" is forbidden: violates PodSecurity "${level}:latest": ${wrong.join(', ')}`;
      return refusal(403, 'Forbidden', message);
    }
    if (pods.has(key(namespace, name))) return refusal(409, 'AlreadyExists', `pods "${name}" already exists`);
    const pod: Pod = { object, namespace, status: { phase: 'Pending' }, log: '' };
    pods.set(key(namespace, name), pod);
    state.created.push(object);
    started(pod);
    state.onCreate?.(object);
    return { status: 201, body: object };
  }

  function started(pod: Pod): void {
    const { nodeName, hostNetwork, containers } = pod.object.spec;
    const broken = state.broken.get(nodeName);
    if (broken !== undefined) {
      pod.status = { phase: 'Pending', containerStatuses: [{ name: 'probe', state: { waiting: broken } }] };
      return;
    }
    const here = lab?.plan.pods.find(({ node }) => node === nodeName);
    if (lab === undefined || here === undefined) return;
    const podIPs = here.addresses.map(({ text }) => ({ ip: text }));
    pod.status = { phase: 'Running', podIPs };
    const command = containers[0]?.command ?? [];
    const image = containers[0]?.image === NEWER_PING ? resolve('.cache/birds/iputils/ping') : '';
    // A pod that only waits: the kernel answers for it.
    if (command[2]?.startsWith('exec sleep')) return;
    const netns = hostNetwork === true ? nodeName : here.netns;
    const run = spawn(
      'nsenter',
      [...lab.holder.enter, 'sh', '-c', START, 'start', netns, image, ...asIts(pod.object.spec), ...command],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const hear = (said: Buffer) => {
      pod.log += said.toString('utf8');
    };
    run.stdout.on('data', hear);
    run.stderr.on('data', hear);
    run.on('close', (code) => {
      pod.status = { phase: code === 0 ? 'Succeeded' : 'Failed', podIPs };
    });
  }
  return state;
}

/** An image with the ping of Debian 13, and else of busybox, as Alpine's are; every other one has what this machine has. */
export const NEWER_PING = 'registry.example/iputils:20240905';

/** A container begins with what the kernel knows of no path: a new network namespace has no exceptions. */
const START = `
netns=$1 image=$2; shift 2
if [ -n "$image" ] && ! [ -d /run/alpine ]; then
  mkdir /run/alpine.$$
  for each in cat cp grep head sed sh sleep tail; do ln -s "$(command -v busybox)" /run/alpine.$$/$each; done
  cp "$image" /run/alpine.$$/ping
  # Nobody may read the clone of root.
  cp -R "$(dirname "$image")/../lib" /run/alpine.$$/lib
  patchelf --set-interpreter /run/alpine/lib/ld-linux-x86-64.so.2 --force-rpath --set-rpath /run/alpine/lib /run/alpine.$$/ping
  # Another pod of this moment may have been first.
  mv -T /run/alpine.$$ /run/alpine 2>/dev/null || :
fi
ip -n "$netns" route flush cache; ip -n "$netns" -6 route flush cache
if [ "$1" != host ]; then echo "$1" | nsenter --net=/run/netns/"$netns" tee /proc/sys/net/ipv4/ping_group_range >/dev/null; fi
shift
exec nsenter --net=/run/netns/"$netns" unshare --mount sh -c 'mount -t tmpfs -o nosuid,nodev tmpfs /tmp && chmod 1777 /tmp && cd / && exec "$@"' sh "$@"
`;

/** What the container runtime makes of the security context. */
function asIts({ securityContext: pod, containers, hostNetwork }: PodSpec): string[] {
  const { capabilities, allowPrivilegeEscalation } = containers[0]?.securityContext ?? {
    capabilities: { drop: [] },
  };
  const user = String(containers[0]?.securityContext.runAsUser ?? pod.runAsUser ?? 0);
  const group = String(pod.runAsGroup ?? user);
  const kept = (capabilities.add ?? []).map((one) => `,+${one.toLowerCase()}`).join('');
  return [
    hostNetwork === true
      ? 'host'
      : (pod.sysctls?.find(({ name }) => name === 'net.ipv4.ping_group_range')?.value ?? '1 0'),
    'setpriv',
    `--bounding-set=-all${kept}`,
    `--inh-caps=-all`,
    ...(allowPrivilegeEscalation === false ? ['--no-new-privs'] : []),
    `--reuid=${user}`,
    `--regid=${group}`,
    '--clear-groups',
    ...(containers[0]?.image === NEWER_PING ? ['env', 'PATH=/run/alpine'] : []),
  ];
}
