/** What there are verdicts about. */
export const SUBJECT_KINDS = [
  'router',
  'session',
  'route',
  'file',
  'sysctl',
  'interface',
  'protocol',
  'cluster',
  'node',
  'object',
  'component',
  'pod',
  'pool',
  'block',
  'packets',
] as const;

/** What a verdict is about, and of a session or a route whose view it is. */
export interface Subject {
  readonly kind: (typeof SUBJECT_KINDS)[number];
  readonly name: string;
  /** The machine that was looked at, where that is not the name. */
  readonly machine?: string;
}

/** Kinds of what holds, or of what nobody could look at. */
const CHECKED = [
  'router',
  'session',
  'protocol',
  'routes',
  'route',
  'sysctl',
  'files',
  'configuration',
] as const;

/** The same, of the cluster. */
const CHECKED_IN_CLUSTER = [
  'node',
  'node-address',
  'node-as',
  'node-label',
  'calico-node',
  'calico-release',
  'component',
  'pool',
  'bgp-peer',
  'bgp-configuration',
  'block',
] as const;

/** The same, of what packets find out. */
const CHECKED_BY_PACKETS = ['packets', 'packet-size', 'pod-mtu'] as const;

/** Kinds of what differs on a router. */
const OF_ROUTERS = [
  'allowed-ips',
  'bird-version',
  'change-pending',
  'clock-skew',
  'configuration-not-read',
  'configuration-rejected',
  'delivery-cut-off',
  'delivery-running',
  'drained',
  'files-edited',
  'kernel-next-hop',
  'kernel-route-missing',
  'kernel-route-unexpected',
  'next-hop-unresolved',
  'not-delivered',
  'protocol-down',
  'route-missing',
  'route-next-hop',
  'routes-not-accepted',
  'routes-not-sent',
  'rp-filter',
  'session-down',
  'session-half-up',
  'session-missing',
  'session-other-neighbor',
  'session-unexpected',
  'sysctl-different',
] as const;

/** Kinds of what differs in the cluster. */
const OF_CLUSTER = [
  'address-picked',
  'as-wrong',
  'block-elsewhere',
  'block-outside-pool',
  'calico-node-missing',
  'calico-node-not-ready',
  'calico-node-restarting',
  'component-degraded',
  'component-missing',
  'internal-address-wrong',
  'node-missing',
  'node-not-in-topology',
  'node-not-ready',
  'node-unlabelled',
  'object-by-hand',
  'object-differs',
  'object-missing',
  'other-cluster',
  'peer-by-hand',
  'peer-missing',
  'pool-by-hand',
  'pool-differs',
  'pool-missing',
  'stale-block',
] as const;

/** Kinds of what packets find to differ. */
const OF_PACKETS = [
  'packets-lost',
  'packets-lost-partly',
  'packets-too-large',
  'pod-mtu-wrong',
  'probe-left',
] as const;

/** Every kind, in one place: documents and pages are held against it. */
export const VERDICT_KINDS = [
  ...CHECKED,
  ...CHECKED_IN_CLUSTER,
  ...CHECKED_BY_PACKETS,
  ...OF_ROUTERS,
  ...OF_CLUSTER,
  ...OF_PACKETS,
] as const;

export type VerdictKind = (typeof VERDICT_KINDS)[number];

/** The likely cause of a difference, or why something is unknown: named only where the evidence shows it. */
export interface Cause {
  readonly message: string;
  /** What was read, word for word. */
  readonly evidence: readonly string[];
}

/** One thing that the topology promises, held against production. */
export interface Verdict {
  readonly about: Subject;
  readonly is: 'as-promised' | 'different' | 'unknown';
  readonly kind: VerdictKind;
  /** Facts, short. */
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly cause: Cause | undefined;
  /** The next command to run, as one types it. */
  readonly next: string | undefined;
}

/** Of all verdicts together: a difference is known, whatever else is unknown. */
export function overall(verdicts: readonly Verdict[]): Verdict['is'] {
  if (verdicts.some(({ is }) => is === 'different')) return 'different';
  return verdicts.length === 0 || verdicts.some(({ is }) => is === 'unknown') ? 'unknown' : 'as-promised';
}

type Short = Pick<Verdict, 'about' | 'kind'> & Partial<Verdict>;

const verdict = (is: Verdict['is'], one: Short): Verdict => ({
  is,
  expected: undefined,
  found: undefined,
  cause: undefined,
  next: undefined,
  ...one,
});

export const asPromised = (one: Short): Verdict => verdict('as-promised', one);
export const different = (one: Short): Verdict => verdict('different', one);
export const unknown = (one: Short): Verdict => verdict('unknown', one);
