import { HOST_NAMESPACE, NAMESPACE } from './names.ts';
import PROGRAM from './program.sh';

/** What noencap creates in a cluster to send packets, and removes again: a namespace of its own and pods in it. */

export const MANAGED_BY = 'app.kubernetes.io/managed-by';
/** Distinguishes the pods of one run. */
export const RUN = 'noencap/run';

/** How pods are to send packets. */
export interface Way {
  readonly namespace: string;
  /** Of the node itself, with its addresses and interfaces. */
  readonly isOfHost: boolean;
}

export const POD_NETWORK: Way = { namespace: NAMESPACE, isOfHost: false };
/** The network of the host is beyond what the restricted and the baseline PodSecurity allow. */
export const HOST_NETWORK: Way = { namespace: HOST_NAMESPACE, isOfHost: true };

export const namespace = ({ namespace, isOfHost }: Way) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: namespace,
    labels: {
      [MANAGED_BY]: 'noencap',
      'pod-security.kubernetes.io/enforce': isOfHost ? 'privileged' : 'restricted',
    },
  },
});

export interface ToRun {
  readonly run: string;
  readonly name: string;
  readonly node: string;
  readonly image: string;
}

/** Answers pings, as every pod does, for as long as it is there. */
export const listener = (way: Way, one: ToRun) => pod(way, one, ['sh', '-c', `exec sleep ${MOST_SECONDS}`]);

/** Sends packets: of each target what to call it, its family, its address, and what to ask where it does not answer. */
export const prober = (
  way: Way,
  one: ToRun,
  targets: readonly (readonly [label: string, family: string, address: string, comparison: string])[],
) => pod(way, one, ['sh', '-c', PROGRAM, 'probe', ...targets.flat()]);

/** Kubernetes ends what nobody has removed by then. */
export const MOST_SECONDS = 900;

/**
 * As the restricted PodSecurity wants it. Without NET_RAW pings take an ICMP socket (icmp(7)), which `net.ipv4.ping_group_range` allows:
 * one of the sysctls that Kubernetes calls safe. In the host's network a pod may set no sysctl, and needs NET_RAW.
 */
const pod = (
  { namespace, isOfHost }: Way,
  { run, name, node, image }: ToRun,
  command: readonly string[],
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { [MANAGED_BY]: 'noencap', [RUN]: run } },
  spec: {
    nodeName: node,
    restartPolicy: 'Never',
    activeDeadlineSeconds: MOST_SECONDS,
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [{ operator: 'Exists' }],
    ...(isOfHost ? { hostNetwork: true, securityContext: SECCOMP } : { securityContext: UNPRIVILEGED }),
    containers: [
      {
        name: 'probe',
        image,
        imagePullPolicy: 'IfNotPresent',
        command,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'], ...(isOfHost ? { add: ['NET_RAW'] } : {}) },
          ...(isOfHost ? { runAsUser: 0 } : {}),
        },
        resources: {
          requests: { cpu: '10m', memory: '16Mi' },
          limits: { memory: '128Mi' },
        },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '32Mi' } }],
  },
});

const SECCOMP = { seccompProfile: { type: 'RuntimeDefault' } };

const NOBODY = 65534;

const UNPRIVILEGED = {
  ...SECCOMP,
  runAsNonRoot: true,
  runAsUser: NOBODY,
  runAsGroup: NOBODY,
  sysctls: [{ name: 'net.ipv4.ping_group_range', value: `${NOBODY} ${NOBODY}` }],
};
