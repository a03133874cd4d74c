import { type Analysis, analyse, countPairs, type Finding, findings } from '../analysis/index.ts';
import { type Fabric, newNames, withNames } from '../fabric/index.ts';
import type { Path } from '../topology/model.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { byHand } from './by-hand.ts';
import { outcomeOf, type ReviewFacts } from './consequences.ts';
import { crossedDangers, crossedRouters } from './crossed.ts';
import { cutSessions } from './cut-sessions.ts';
import { dangers, gravestFirst } from './dangers.ts';
import { deliveryChanges, type TrustFiles } from './delivered.ts';
import { REVIEW_VERSION, type Review } from './document.ts';
import { comparable, type FailureChange, type FailureChanges, failureChanges } from './failures.ts';
import { fileChanges } from './files.ts';
import { findingChanges } from './findings.ts';
import { interruptions } from './interruptions.ts';
import { countMoved, movedWays } from './moved-ways.ts';
import { type ObjectChange, type ObjectId, objectChanges } from './objects.ts';
import { deliveryOrder } from './order.ts';
import { partChanges } from './parts.ts';
import { picture } from './picture.ts';
import { type SessionFate, sessionFates } from './session-fates.ts';
import { type TrafficChange, trafficChanges } from './traffic.ts';
import { trustDangers, trustFileChanges } from './trust.ts';

/** A state of the repository: what is in its topology, and what is rendered of it. */
export interface State {
  /** How the user called it: `main`, a folder, `the working tree`. */
  readonly name: string;
  readonly commit: string | undefined;
  readonly fabric: Fabric;
  /** Rendered files by path below dist. */
  readonly files: ReadonlyMap<string, string>;
  readonly trust: TrustFiles;
  readonly placeOf: (path: Path) => Review['findings']['fixed'][number]['place'];
}

export interface ReviewOptions {
  /** An authorized person has accepted the dangers. */
  readonly accepted: boolean;
  readonly rehearsal: Review['rehearsal'];
  /** What could not be compared or tried, and why. */
  readonly unknown?: readonly string[];
  readonly notes: readonly string[];
}

/** What happens to cluster, routers, nodes, sessions and packets when `after` replaces `before`. */
export function review(
  before: State,
  after: State,
  { accepted, rehearsal, unknown = [], notes }: ReviewOptions,
): Review {
  const objects = objectChanges(clusterFiles(before), clusterFiles(after));
  const routerFiles = fileChanges('routers', before.files, after.files);
  const files = [...routerFiles, ...fileChanges('nodes', before.files, after.files)];
  // Under the names that its machines have afterwards, so that all below compares each with itself.
  const names = newNames(before.fabric, after.fabric);
  const base = withNames(before.fabric, names);
  const split = comparable(base, after.fabric);
  const [was, is] = [analyse(base, [], split), analyse(after.fabric, [], split)];
  const sessions = cutSessions(sessionFates(before, after), was, is);
  const parts = partChanges(base, after.fabric, names);
  const trusted = trustFileChanges(before.trust, after.trust);
  const changedFindings = findingChanges(findings(was), findings(is), names);
  const isSameNetwork = parts.length === 0 && sessions.every(({ change }) => change === 'kept');
  const traffic = isSameNetwork ? [] : trafficChanges(was, is);
  const failures = isSameNetwork ? NO_FAILURES : failureChanges(was, is);
  const interrupted = interruptions(base, is, sessions);
  const order = deliveryOrder(was, is, {
    routers: routerFiles.length > 0,
    cluster: objects.length > 0,
    otherwise: deliveryChanges(before, after).size > 0,
  });
  const pairs = pairsOfBoth(was, is);
  const found = gravestFirst([
    ...trustDangers(before, after),
    ...crossedDangers(crossedRouters(was, is)),
    ...dangers({
      before: base,
      after: after.fabric,
      objects,
      sessions,
      interruptions: interrupted,
      traffic,
      order,
      suppressed: changedFindings.silenced.filter(isNews(before.fabric)),
      pairs,
    }),
  ]);
  const [finding, findingBefore] = [after, before].map(
    ({ placeOf }) =>
      ({ id, severity, message, path }: Finding) => ({ code: id, severity, message, place: placeOf(path) }),
  ) as [FindingText, FindingText];
  const facts: ReviewFacts = {
    version: REVIEW_VERSION,
    command: 'diff',
    network: after.fabric.name,
    base: { name: before.name, commit: before.commit ?? null },
    head: { name: after.name, commit: after.commit ?? null },
    accepted,
    dangers: found.map(({ code, severity, message, fix }) => ({ code, severity, message, fix })),
    pairs,
    sessions: {
      kept: sessions.filter(({ change }) => change === 'kept').length,
      changed: sessions.flatMap(({ id, kind, change, reasons }) =>
        change === 'kept' ? [] : [{ id, kind, change, reasons: [...reasons] }],
      ),
    },
    interruptions: interrupted.map(({ speaker, sessions: count, lost }) => ({
      speaker,
      sessions: count,
      lost,
    })),
    moved: countMoved(movedWays(was, is, traffic)),
    traffic: traffic.map((one) => ({ ...one, hops: orNull(one.hops), mtu: orNull(one.mtu) })),
    failures: {
      fatal: failures.fatal.map(failureDocument),
      worse: failures.worse.map(failureDocument),
      survived: failures.survived.map(failureDocument),
    },
    findings: {
      introduced: changedFindings.introduced.map(finding),
      fixed: changedFindings.fixed.map(findingBefore),
      reopened: changedFindings.reopened.map(finding),
    },
    order: { ...order, lost: { ...order.lost }, waiting: { ...order.waiting } },
    byHand: byHand(before, after).map((step) => ({ ...step, machines: [...step.machines] })),
    rehearsal,
    fabric: [...parts, ...trusted].map((part) => ({ ...part, details: [...part.details] })),
    objects: objects.map(objectDocument),
    files: files.map((file) => ({ ...file, hunks: [...file.hunks] })),
    picture: pictureDocument(base, after.fabric, parts, sessions),
    whole: unknown.length === 0,
    notes: [...unknown, ...notes, ...untriedNote(failures)],
  };
  const outcome = outcomeOf(facts);
  return { ...facts, ok: accepted || outcome !== 'dangerous', outcome };
}

const failureDocument = ({ kind, name, lost }: FailureChange): Review['failures']['fatal'][number] => ({
  kind,
  name,
  lost: [...lost],
});

const NO_FAILURES: FailureChanges = { untried: undefined, fatal: [], worse: [], survived: [] };

const untriedNote = ({ untried }: FailureChanges): string[] =>
  untried === undefined
    ? []
    : [
        `Single session failures were not tried: there are ${untried} sessions. ${NOENCAP} check --failures 1 tries them.`,
      ];

/** Whether it is an error, or what accepts it is new: an old `*` was meant for all that comes. */
const isNews =
  ({ suppressions }: Fabric) =>
  ({ id, severity, suppressed }: Finding): boolean =>
    severity === 'error' || !suppressions.some((one) => one.id === id && one.reason === suppressed);

type FindingText = (finding: Finding) => Review['findings']['introduced'][number];

const clusterFiles = ({ files }: State): ReadonlyMap<string, string> =>
  new Map([...files].filter(([path]) => /^(cluster|gitops)\//.test(path)));

const orNull = ([before, after]: TrafficChange['hops']): [number | null, number | null] => [
  before ?? null,
  after ?? null,
];

/** Ordered pairs of nodes that are there before and after. */
function pairsOfBoth(was: Analysis, is: Analysis): number {
  const namesBefore = new Set(was.fabric.nodes.map(({ name }) => name));
  const both = is.fabric.nodes.filter(({ name }) => namesBefore.has(name)).length;
  return both === is.fabric.nodes.length ? countPairs(is) : both * Math.max(both - 1, 0);
}

function objectDocument({ id, change, before, fields }: ObjectChange): Review['objects'][number] {
  return {
    id: idDocument(id),
    change,
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
