/**
 * What a look at a cluster finds: facts, as the API server tells them, or why they are unknown. Nothing is judged here. All text is
 * others' words: whoever prints it must neutralise it.
 */
export interface ClusterLook {
  /** The kubeconfig's name for it; undefined if no kubeconfig could be read. */
  readonly context: string | undefined;
  readonly server: string | undefined;
  /** The API server's clock, in milliseconds, and how far this machine's is behind it, in seconds; undefined if it gave none. */
  readonly clock: { readonly now: number; readonly ahead: number } | undefined;
  readonly nodes: Read<readonly NodeFacts[]>;
  /** Undefined if there is none. */
  readonly installation: Read<InstallationFacts | undefined>;
  /** Each TigeraStatus. */
  readonly components: Read<readonly ComponentFacts[]>;
  readonly pools: Read<readonly PoolFacts[]>;
  readonly peers: Read<readonly PeerFacts[]>;
  readonly configurations: Read<readonly ConfigurationFacts[]>;
  readonly affinities: Read<readonly AffinityFacts[]>;
  readonly blocks: Read<readonly BlockFacts[]>;
  /** Each CalicoNodeStatus that somebody created; a look creates none. */
  readonly nodeStatuses: Read<readonly NodeStatusFacts[]>;
  /** Those of the namespace calico-system. */
  readonly pods: Read<readonly PodFacts[]>;
}

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: Unread };

/** Why something of the cluster is unknown. */
export interface Unread {
  readonly because: UnreadBecause;
  /** What was to be read: `nodes`, `bgppeers.crd.projectcalico.org`, `the kubeconfig`. */
  readonly what: string;
  /** The server's own message, the dates of a certificate, two clocks. */
  readonly evidence: readonly string[];
}

export type UnreadBecause =
  /** There is none, it cannot be read, or it has no such context. */
  | 'no-kubeconfig'
  /** A file or a program that the kubeconfig names for credentials does not give any. */
  | 'no-credentials'
  /** No such host, no route, a connection refused or cut. */
  | 'unreachable'
  | 'timeout'
  /** By the person who asked. */
  | 'interrupted'
  /** The server's certificate is not signed by the kubeconfig's authority, or is for other names. */
  | 'untrusted'
  | 'server-certificate-expired'
  /** Its certificate is valid by the server's clock, and not by this machine's. */
  | 'clock-skew'
  /** The server does not accept the credentials: 401. */
  | 'unauthorised'
  /** The same, and their own date says why. */
  | 'credentials-expired'
  /** It knows who asks, and does not let them: 403. */
  | 'forbidden'
  /** The server does not have this kind: 404. */
  | 'not-served'
  | 'too-large'
  /** The list changed faster than it could be read: 410 again and again. */
  | 'changing'
  /** 429 and 5xx, after further tries. */
  | 'busy'
  /** What answers is not Kubernetes, or says something else than it should. */
  | 'not-understood';

export interface NodeFacts {
  readonly name: string;
  /** The condition Ready; undefined without one. */
  readonly ready: Condition | undefined;
  readonly isUnschedulable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly internalIPs: readonly string[];
  readonly podCIDRs: readonly string[];
  /** What calico-node wrote about itself as annotations, `192.168.100.251/24` for an address. */
  readonly calico: {
    readonly ipv4: string | undefined;
    readonly ipv6: string | undefined;
    readonly asNumber: string | undefined;
    readonly clusterId: string | undefined;
  };
}

export interface Condition {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** When it last changed, as the API writes times. */
  readonly since: string | undefined;
}

export interface InstallationFacts {
  readonly registry: string | undefined;
  readonly mtu: number | undefined;
  /** Of `status`: what the operator runs now. */
  readonly calicoVersion: string | undefined;
  /** The method and its value, as JSON. */
  readonly nodeAddress: { readonly ipv4: string | undefined; readonly ipv6: string | undefined };
  readonly pools: readonly string[];
}

export interface ComponentFacts {
  readonly name: string;
  readonly available: Condition | undefined;
  readonly progressing: Condition | undefined;
  readonly degraded: Condition | undefined;
}

/** Who wrote a field of an object, as the API server keeps it. */
export interface Writer {
  readonly manager: string;
  readonly at: string | undefined;
}

interface Written {
  readonly name: string;
  readonly createdAt: string | undefined;
  readonly writers: readonly Writer[];
}

export interface PoolFacts extends Written {
  readonly cidr: string;
  readonly blockSize: number | undefined;
  readonly ipipMode: string | undefined;
  readonly vxlanMode: string | undefined;
  readonly natOutgoing: boolean;
  readonly nodeSelector: string | undefined;
  readonly isDisabled: boolean;
  readonly disableBGPExport: boolean;
}

export interface PeerFacts extends Written {
  readonly node: string | undefined;
  readonly nodeSelector: string | undefined;
  readonly peerIP: string | undefined;
  readonly asNumber: number | undefined;
  readonly filters: readonly string[];
  /** The name and key of its Secret; never what is in it. */
  readonly password: string | undefined;
  /** Every other field that is set, as JSON. */
  readonly others: Readonly<Record<string, string>>;
}

export interface ConfigurationFacts extends Written {
  readonly asNumber: number | undefined;
  readonly nodeToNodeMesh: boolean | undefined;
  readonly others: Readonly<Record<string, string>>;
}

export interface AffinityFacts {
  readonly name: string;
  /** Undefined if it is no node that has the block. */
  readonly node: string | undefined;
  readonly cidr: string;
  readonly state: string;
  readonly isDeleted: boolean;
}

export interface BlockFacts {
  readonly cidr: string;
  /** The node whose block it is. */
  readonly node: string | undefined;
  readonly used: number;
}

export interface NodeStatusFacts {
  readonly name: string;
  readonly node: string;
  readonly classes: readonly string[];
  /** Seconds; 0 means that calico-node does not renew it. */
  readonly period: number;
  readonly updatedAt: string | undefined;
  readonly peers: readonly {
    readonly address: string;
    readonly state: string;
    readonly type: string;
    readonly since: string | undefined;
  }[];
}

export interface PodFacts {
  readonly name: string;
  /** Its label k8s-app: `calico-node`. */
  readonly app: string | undefined;
  readonly node: string | undefined;
  readonly phase: string;
  readonly isReady: boolean;
  readonly restarts: number;
  /** How a container ended last. */
  readonly ended:
    | {
        readonly container: string;
        readonly reason: string;
        readonly code: number;
        readonly at: string | undefined;
      }
    | undefined;
  /** What a container waits for that is no ordinary start. */
  readonly waiting:
    | { readonly container: string; readonly reason: string; readonly message: string }
    | undefined;
}
