import { type Analysis, analyse, countPairs, type Finding, findings } from '../analysis/index.ts';
import { type Fabric, newNames, withNames } from '../fabric/index.ts';
import type { Path } from '../topology/model.ts';
import { byHand } from './by-hand.ts';
import { type Danger, dangers, gravestFirst } from './dangers.ts';
import { REVIEW_VERSION, type Review } from './document.ts';
import { comparable, type FailureChanges, failureChanges } from './failures.ts';
import { type FileChange, fileChanges } from './files.ts';
import { findingChanges } from './findings.ts';
import { type Interruption, interruptions } from './interruptions.ts';
import { type ObjectChange, type ObjectId, objectChanges } from './objects.ts';
import { type DeliveryOrder, deliveryOrder } from './order.ts';
import { type PartChange, partChanges } from './parts.ts';
import { picture } from './picture.ts';
import { type SessionFate, sessionFates } from './session-fates.ts';
import { type TrafficChange, trafficChanges } from './traffic.ts';
import { type TrustFiles, trustDangers, trustFileChanges } from './trust.ts';

/** A state of the repository: what is in its topology, and what is rendered of it. */
export interface State {
  /** How the user called it: `main`, a folder, `the working tree`. */
  readonly name: string;
  readonly commit: string | undefined;
  readonly fabric: Fabric;
  /** Rendered files by path below dist. */
  readonly files: ReadonlyMap<string, string>;
  readonly trust: TrustFiles;
  /** `topology.yaml:12:3`. */
  readonly placeOf: (path: Path) => string;
}

export interface ReviewOptions {
  /** Somebody who may do so has accepted the dangers. */
  readonly accepted: boolean;
  readonly rehearsal: Review['rehearsal'];
  readonly notes: readonly string[];
}

/** What happens to cluster, routers, nodes, sessions and packets when `after` takes the place of `before`. */
export function review(before: State, after: State, { accepted, rehearsal, notes }: ReviewOptions): Review {
  const sessions = sessionFates(before, after);
  const objects = objectChanges(clusterFiles(before), clusterFiles(after));
  const routerFiles = fileChanges('routers', before.files, after.files);
  const files = [...routerFiles, ...fileChanges('nodes', before.files, after.files)];
  // Under the names that its machines have afterwards, so that all below compares each with itself.
  const names = newNames(before.fabric, after.fabric);
  const base = withNames(before.fabric, names);
  const split = comparable(base, after.fabric);
  const [was, is] = [analyse(base, [], split), analyse(after.fabric, [], split)];
  const parts = partChanges(base, after.fabric, names);
  const trusted = trustFileChanges(before.trust, after.trust);
  const changedFindings = findingChanges(findings(was), findings(is), names);
  const isSameNetwork = parts.length === 0 && sessions.every(({ became }) => became === 'kept');
  const traffic = isSameNetwork ? [] : trafficChanges(was, is);
  const failures = isSameNetwork ? NO_FAILURES : failureChanges(was, is);
  const found = gravestFirst([
    ...trustDangers(before, after),
    ...dangers({ before: base, after: after.fabric, objects, sessions }),
  ]);
  const interrupted = interruptions(base, is, sessions);
  const order = deliveryOrder(was, is, { routers: routerFiles.length > 0, cluster: objects.length > 0 });
  const [finding, findingBefore] = [after, before].map(
    ({ placeOf }) =>
      ({ id, severity, says, path }: Finding) => ({ id, severity, says, place: placeOf(path) }),
  ) as [FindingText, FindingText];
  return {
    version: REVIEW_VERSION,
    command: 'diff',
    ok:
      (accepted || found.every(({ severity }) => severity !== 'error')) &&
      (rehearsal === null || rehearsal.failures.length === 0),
    network: after.fabric.name,
    base: { name: before.name, commit: before.commit ?? null },
    head: { name: after.name, commit: after.commit ?? null },
    outcome: outcomeOf({ objects, files, trusted, found, traffic, interrupted, order, rehearsal }),
    accepted,
    dangers: found.map(({ severity, says, mend }) => ({ severity, says, mend })),
    pairs: pairsOfBoth(was, is),
    sessions: {
      kept: sessions.filter(({ became }) => became === 'kept').length,
      changed: sessions.flatMap(({ id, kind, became, reasons }) =>
        became === 'kept' ? [] : [{ id, kind, became, reasons: [...reasons] }],
      ),
    },
    interruptions: interrupted.map((one) => ({ ...one })),
    traffic: traffic.map((one) => ({ ...one, hops: orNull(one.hops), mtu: orNull(one.mtu) })),
    failures: {
      fatal: failures.fatal.map(({ kind, name, lost }) => ({ kind, name, lost: [...lost] })),
      survived: failures.survived.map(({ kind, name, lost }) => ({ kind, name, lost: [...lost] })),
    },
    findings: {
      introduced: changedFindings.introduced.map(finding),
      fixed: changedFindings.fixed.map(findingBefore),
      reopened: changedFindings.reopened.map(finding),
    },
    order: { ...order, lost: { ...order.lost }, waiting: { ...order.waiting } },
    byHand: byHand(before, after).map((step) => ({ ...step, on: [...step.on] })),
    rehearsal,
    fabric: [...parts, ...trusted].map((part) => ({ ...part, says: [...part.says] })),
    objects: objects.map(objectDocument),
    files: files.map((file) => ({ ...file, hunks: [...file.hunks] })),
    picture: pictureDocument(base, after.fabric, parts, sessions),
    notes: [...notes, ...untriedNote(failures)],
  };
}

const NO_FAILURES: FailureChanges = { untried: undefined, fatal: [], survived: [] };

const untriedNote = ({ untried }: FailureChanges): string[] =>
  untried === undefined
    ? []
    : [
        `What the failure of a single session does was not tried: there are ${untried}. noencap check --failures 1 tries them.`,
      ];

type FindingText = (finding: Finding) => Review['findings']['introduced'][number];

const clusterFiles = ({ files }: State): ReadonlyMap<string, string> =>
  new Map([...files].filter(([path]) => /^(cluster|gitops)\//.test(path)));

const orNull = ([before, after]: TrafficChange['hops']): [number | null, number | null] => [
  before ?? null,
  after ?? null,
];

/** Ordered pairs of nodes that are there before and after. */
function pairsOfBoth(was: Analysis, is: Analysis): number {
  const known = new Set(was.fabric.nodes.map(({ name }) => name));
  const both = is.fabric.nodes.filter(({ name }) => known.has(name)).length;
  return both === is.fabric.nodes.length ? countPairs(is) : both * Math.max(both - 1, 0);
}

interface Told {
  readonly objects: readonly ObjectChange[];
  readonly files: readonly FileChange[];
  readonly trusted: readonly PartChange[];
  readonly found: readonly Danger[];
  readonly traffic: readonly TrafficChange[];
  readonly interrupted: readonly Interruption[];
  readonly order: DeliveryOrder;
  readonly rehearsal: Review['rehearsal'];
}

/** What the lab measured goes before what the simulator expects. */
function outcomeOf({
  objects,
  files,
  trusted,
  found,
  traffic,
  interrupted,
  order,
  rehearsal,
}: Told): Review['outcome'] {
  if (found.some(({ severity }) => severity === 'error')) return 'dangerous';
  if (objects.length + files.length + trusted.length === 0) return 'nothing';
  const breaks = traffic.some(({ became }) => became === 'lost' || became === 'partly lost');
  if (breaks || order.first === 'apart') return 'felt';
  if (rehearsal !== null) return rehearsal.lost > 0 || rehearsal.failures.length > 0 ? 'felt' : 'hitless';
  return interrupted.some(({ lost }) => lost > 0) ? 'felt' : 'hitless';
}

function objectDocument({ id, became, before, fields }: ObjectChange): Review['objects'][number] {
  return {
    id: idDocument(id),
    became,
    before: before?.name ?? null,
    fields: fields.map(({ path, before: was, after: is }) => ({
      path,
      ...(was === undefined ? {} : { before: was as never }),
      ...(is === undefined ? {} : { after: is as never }),
    })),
  };
}

const idDocument = ({ group, kind, namespace, name }: ObjectId): Review['objects'][number]['id'] => ({
  group,
  kind,
  namespace: namespace ?? null,
  name,
});

function pictureDocument(
  before: Fabric,
  after: Fabric,
  parts: ReturnType<typeof partChanges>,
  sessions: readonly SessionFate[],
): Review['picture'] {
  const { regions, boxes, lines } = picture(before, after, parts, sessions);
  return {
    regions: regions.map((one) => ({ ...one })),
    boxes: boxes.map((one) => ({ ...one })),
    lines: lines.map((one) => ({ ...one })),
  };
}
