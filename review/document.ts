import { z } from 'zod';
import { FELT_CHANGES } from '../fabric/index.ts';

/**
 * What a change does, as one value that goes through JSON and back: `noencap diff` makes it, the workflow carries it from the job
 * that ran a pull request's code to the one that may write a comment, which trusts nothing but its shape.
 */
export type Review = z.infer<typeof reviewSchema>;

/** Incremented by any change that an older reader would misread. */
export const REVIEW_VERSION = 4;

const text = z.string();
const count = z.number().int().nonnegative();

/** A state of the repository: its name as given by the user, and its commit if it has one. */
const state = z.strictObject({ name: text, commit: z.string().nullable() });

/** What a danger is about. docs/json.md explains each. */
export const dangerCodes = z.enum([
  'as-number',
  'calico-api',
  'calico-downgrade',
  'calico-metric',
  'calico-minors',
  'calico-node-replaced',
  'calico-registry',
  'cluster-cidr',
  'delivery-apart',
  'delivery-folder',
  'delivery-refused',
  'delivery-target',
  'designated-router',
  'encapsulation',
  'finding-suppressed',
  'gitops-repository',
  'host-key-dropped',
  'host-key-freed',
  'host-key-signed',
  'host-key-trusted',
  'host-key-unreadable',
  'host-key-unused',
  'ip-forwarding-off',
  'mesh-off',
  'nat-off',
  'nodes-cut-off',
  'object-deleted',
  'operator-manifest',
  'pairs-cut-off',
  'path-mtu',
  'pod-mtu',
  'pool-changed',
  'pool-removed',
  'pool-retired',
  'pool-swapped',
  'secrets-changed',
  'secrets-removed',
  'secrets-unused',
  'transit-interrupted',
]);

const danger = z.strictObject({
  code: dangerCodes,
  severity: z.enum(['error', 'warning']),
  message: text,
  fix: text,
});

/** Where something is, as far as it is known. */
export const place = z.strictObject({
  file: text.optional().describe('as given on the command line, or as it is called in the repository'),
  line: z.number().int().positive().optional(),
  column: z.number().int().positive().optional().describe('in characters, from 1'),
  path: text.optional().describe('of a value inside the file: nodes.kube-1.address'),
});

/** `topology.yaml:12:3`, or the path where it has no line. */
export const placeText = ({ file = '', line, column, path = '' }: z.infer<typeof place>): string =>
  line === undefined ? `${file} ${path}`.trim() : `${file}:${line}:${column}`;

const session = z.strictObject({
  id: text,
  kind: z.enum(['reflector', 'mesh', 'backbone']),
  /** `reloaded`: it stays up, and routes are requested or sent again. */
  change: z.enum(FELT_CHANGES),
  /** What changes, and at which speaker; null where it is in between. */
  reasons: z.array(z.strictObject({ speaker: text.nullable(), message: text })),
});

/** What packets lose while the sessions that one machine resets are down; ordered pairs of nodes. */
const interruption = z.strictObject({ speaker: text, sessions: count, lost: count });

const beforeAndAfter = z.tuple([z.number().nullable(), z.number().nullable()]);

const traffic = z.strictObject({
  from: text,
  to: text,
  family: z.enum(['ipv4', 'ipv6']),
  /** How many ordered pairs of nodes it represents. */
  pairs: count,
  change: z.enum([
    'lost',
    'partly lost',
    'too narrow',
    'restored',
    'longer',
    'narrower',
    'turning',
    'shorter',
    'wider',
    'rerouted',
  ]),
  hops: beforeAndAfter,
  mtu: beforeAndAfter,
});

/** A failure, and how many ordered pairs of nodes that exist before and after lose packets by it, before and after the change. */
const failure = z.strictObject({
  kind: z.enum(['router', 'node', 'host', 'segment', 'session']),
  name: text,
  lost: z.tuple([count, count]),
});

const finding = z.strictObject({
  code: text,
  severity: z.enum(['error', 'warning', 'info']),
  message: text,
  place,
});

/** A part of the network that is added, removed or changed; or a file next to the topology that deliveries trust. */
const part = z.strictObject({
  kind: z.enum(['network', 'region', 'router', 'node', 'host', 'segment', 'reflector', 'file']),
  name: text,
  change: z.enum(['added', 'removed', 'changed']),
  /** `address 10.0.0.1 -> 10.0.0.2`; none for additions and removals. */
  details: z.array(text),
});

const order = z.strictObject({
  /** What must be delivered first; `apart`: neither order is safe, the change must be split. */
  first: z.enum(['either', 'routers', 'cluster', 'apart']),
  message: text,
  /** Ordered pairs of nodes that are unreachable between the first delivery and the second. */
  lost: z.strictObject({ routersFirst: count, clusterFirst: count }),
  /** Nodes with a peer in between that does not know them: BIRD waits for it if it restarts then, and hides their pods. */
  waiting: z.strictObject({ routersFirst: count, clusterFirst: count }),
});

/** What neither an engine nor `ship` does, in working order. */
const byHand = z.strictObject({
  when: z.enum(['before the merge', 'after the merge', 'after shipping']),
  /** `run install.sh`. */
  action: text,
  /** The machines, in the order of the work. */
  machines: z.array(text),
  reason: text,
});

/** What the lab measured when it made the change under traffic. */
const rehearsal = z.strictObject({
  sent: count,
  lost: count,
  /** Milliseconds: the longest run of lost packets of any pair. */
  gap: z.number().nonnegative(),
  /** The pairs that lost most. */
  worst: z.array(
    z.strictObject({ from: text, to: text, sent: count, lost: count, gap: z.number().nonnegative() }),
  ),
  reset: z.array(text),
  /** Failed checks of the end state, and stale state left behind. */
  failures: z.array(text),
});

const objectId = z.strictObject({ group: text, kind: text, namespace: text.nullable(), name: text });

const object = z.strictObject({
  id: objectId,
  change: z.enum(['added', 'deleted', 'changed', 'recreated', 'replaced']),
  /** The previous name: differs for `replaced`. */
  before: text.nullable(),
  /** `before` is missing where the field was not there, `after` where it is no longer there. */
  fields: z.array(z.strictObject({ path: text, before: z.json().optional(), after: z.json().optional() })),
});

const file = z.strictObject({
  /** Below dist: `routers/gateway/k3s/ibgp.conf`. */
  path: text,
  change: z.enum(['added', 'deleted', 'changed']),
  added: count,
  removed: count,
  /** Unified, without a header. */
  hunks: z.array(text),
});

const change = z.enum(['same', 'added', 'removed', 'changed']);

/** The network as a diagram, with few enough boxes to read, whatever its size. */
const picture = z.strictObject({
  regions: z.array(z.strictObject({ name: text, change })),
  boxes: z.array(
    z.strictObject({
      id: text,
      kind: z.enum(['router', 'node', 'nodes']),
      /** A machine's name, or `12 nodes`. */
      label: text,
      region: text.nullable(),
      change,
    }),
  ),
  /** BGP sessions between boxes, those between the same two as one. */
  lines: z.array(
    z.strictObject({
      from: text,
      to: text,
      sessions: count,
      change: z.enum([...FELT_CHANGES, 'kept']),
    }),
  ),
});

export const reviewSchema = z.strictObject({
  version: z.literal(REVIEW_VERSION),
  command: z.literal('diff'),
  /** Nothing breaks, loses packets or is irreversible; or somebody accepted it. */
  ok: z.boolean(),
  network: text,
  base: state,
  head: state,
  /**
   * What the gravest consequence is. `nothing` is rendered otherwise; `hitless`: no packet between pods is lost, as far as simulator and lab
   * know; `risky`: nor is one, but a warning, a failure that is worse than before, a new finding, or something that is not known
   * speaks against it; `felt`: the lab lost packets; `dangerous`: what breaks, loses packets, or cannot be taken back.
   */
  outcome: z.enum(['nothing', 'hitless', 'risky', 'felt', 'dangerous']),
  /** An authorized person has accepted the dangers. */
  accepted: z.boolean(),
  dangers: z.array(danger),
  /** How many ordered pairs of nodes are there before and after. */
  pairs: count,
  sessions: z.strictObject({ kept: count, changed: z.array(session) }),
  interruptions: z.array(interruption),
  traffic: z.array(traffic),
  /** How many ordered pairs of nodes OSPF reroutes: until all routers have recomputed, packets may be lost. */
  moved: count,
  /** `fatal`: by which packets get lost now and did not; `worse`: by which more do; `survived`: by which none do any more. */
  failures: z.strictObject({
    fatal: z.array(failure),
    worse: z.array(failure),
    survived: z.array(failure),
  }),
  findings: z.strictObject({
    introduced: z.array(finding),
    fixed: z.array(finding),
    reopened: z.array(finding),
  }),
  order,
  byHand: z.array(byHand),
  rehearsal: rehearsal.nullable(),
  fabric: z.array(part),
  objects: z.array(object),
  files: z.array(file),
  picture,
  /** Whether everything could be compared and tried; if not, a note says what could not. */
  whole: z.boolean(),
  /** What the reader must know of the comparison itself: what was not compared, and why. */
  notes: z.array(text),
});

/** The document as JSON Schema, for programs that read it: text of docs/review.schema.json. */
export function reviewJsonSchema(): string {
  const schema = z.toJSONSchema(reviewSchema, { target: 'draft-7' });
  return `${JSON.stringify({ $schema: schema.$schema, title: 'noencap review', ...schema }, null, 2)}\n`;
}
