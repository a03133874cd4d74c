import type { Review } from './document.ts';
import { counted, listed, number } from './numbers.ts';

/**
 * The severity of an effect of a change. `harmless`: no harm. `risk`: no known packet loss, but possible loss or less redundancy afterwards.
 * `felt`: packets were lost. `danger`: it breaks something running, loses packets, or cannot be undone; somebody must accept it.
 */
export type Severity = (typeof SEVERITIES)[number];

/** In ascending order. */
const SEVERITIES = ['harmless', 'risk', 'felt', 'danger'] as const;

/** An effect of a change, with its severity. */
export interface Consequence {
  readonly severity: Severity;
  /** For the first line: its amount. It contains no text from the review. */
  readonly fact: string;
}

/** All of a review except what is derived from it. */
export type ReviewFacts = Omit<Review, 'outcome' | 'ok'>;

/** All effects of a change, the most severe first. Headline, outcome and exit code are made of this and of nothing else. */
export function consequencesOf(facts: ReviewFacts): Consequence[] {
  const all = Object.values(WEIGHED).flatMap((weigh) => weigh(facts));
  return [...SEVERITIES].reverse().flatMap((severity) => all.filter((one) => one.severity === severity));
}

/** The highest severity; undefined if the change has no effect. */
export const gravest = (facts: ReviewFacts): Severity | undefined => consequencesOf(facts)[0]?.severity;

export function outcomeOf(facts: ReviewFacts): Review['outcome'] {
  const severity = gravest(facts);
  if (severity !== undefined && severity !== 'harmless') return OUTCOMES[severity];
  return isDelivered(facts) ? 'hitless' : 'nothing';
}

/** Whether anything is rendered otherwise, becomes of a session by what people configure, or is another thing for the next delivery. */
const isDelivered = ({ objects, files, fabric, sessions }: ReviewFacts): boolean =>
  objects.length + files.length + sessions.changed.length > 0 || fabric.some(({ kind }) => kind === 'file');

const OUTCOMES = { risk: 'risky', felt: 'felt', danger: 'dangerous' } as const;

type Weigh = (facts: ReviewFacts) => readonly Consequence[];

const nothing: Weigh = () => [];

/**
 * The severity of each part of a review, in the order of the first line. Every field has an entry, so the headline cannot miss
 * a new field.
 */
const WEIGHED: Readonly<Record<keyof ReviewFacts, Weigh>> = {
  dangers: ({ dangers }) => [
    ...some('danger', dangers.filter(({ severity }) => severity === 'error').length, 'danger'),
    ...some('risk', dangers.filter(({ severity }) => severity === 'warning').length, 'warning'),
  ],
  traffic: ({ traffic }) => {
    const pairs = (which: readonly string[]) =>
      traffic.filter(({ change }) => which.includes(change)).reduce((sum, one) => sum + one.pairs, 0);
    const [lost, narrow] = [pairs(['lost', 'partly lost']), pairs(['too narrow'])];
    return [
      ...when(lost > 0, 'danger', `${pairsLose(lost)} packets for good`),
      ...when(narrow > 0, 'danger', `${pairsLose(narrow)} packets as large as the pods' MTU`),
      ...when(traffic.length > 0, 'harmless', ''),
    ];
  },
  moved: ({ moved, pairs }) =>
    when(
      moved > 0,
      'risk',
      `${number(moved)} of ${counted(pairs, 'pair')} of nodes may lose packets while OSPF reroutes ${moved === 1 ? 'it' : 'them'}`,
    ),
  interruptions: ({ interruptions, pairs }) => {
    const most = interruptions.reduce((all, one) => Math.max(all, one.lost), 0);
    const message = `up to ${number(most)} of ${counted(pairs, 'pair')} of nodes lose packets while sessions are down`;
    return when(most > 0, 'danger', message);
  },
  order: ({ order }) => when(order.first === 'apart', 'danger', 'packets are lost in either delivery order'),
  rehearsal: ({ rehearsal }) => {
    if (rehearsal === null) return [];
    const { sent, lost, gap, failures } = rehearsal;
    return [
      ...when(
        lost > 0,
        gap > BLIP ? 'danger' : 'felt',
        `the lab lost ${number(lost)} of ${counted(sent, 'packet')}`,
      ),
      ...when(failures.length > 0, 'danger', `${counted(failures.length, 'check')} failed in the lab`),
    ];
  },
  findings: ({ findings: { introduced, reopened, fixed } }) => {
    const come = [...introduced, ...reopened];
    const of = (severity: string) => come.filter((one) => one.severity === severity).length;
    return [
      ...some('danger', of('error'), 'new error', 'new errors'),
      ...some('risk', of('warning'), 'new warning', 'new warnings'),
      ...when(of('info') + fixed.length > 0, 'harmless', ''),
    ];
  },
  failures: ({ failures: { fatal, worse, survived } }) => [
    ...some('risk', fatal.length, 'failure now loses packets', 'failures now lose packets'),
    ...some(
      'risk',
      worse.length,
      'failure loses more pairs than before',
      'failures lose more pairs than before',
    ),
    ...when(survived.length > 0, 'harmless', ''),
  ],
  whole: ({ whole }) => when(!whole, 'risk', 'the comparison is incomplete'),
  fabric: ({ fabric }) => when(fabric.length > 0, 'harmless', partsText(fabric)),
  objects: (facts) => when(facts.objects.length + facts.files.length > 0, 'harmless', resourcesText(facts)),
  // Reported together with the objects.
  files: nothing,
  sessions: (facts) => when(sessionsText(facts) !== '', 'harmless', sessionsText(facts)),
  byHand: ({ byHand }) => {
    const before = byHand.filter(({ when }) => when === 'before the merge').length;
    const which =
      before === 0
        ? ''
        : before === byHand.length
          ? ', before the merge'
          : `, ${number(before)} of them before the merge`;
    return when(byHand.length > 0, 'harmless', `${counted(byHand.length, 'step')} by hand${which}`);
  },
  // What the review is of, and how it is shown.
  version: nothing,
  command: nothing,
  network: nothing,
  base: nothing,
  head: nothing,
  accepted: nothing,
  pairs: nothing,
  picture: nothing,
  notes: nothing,
};

/**
 * Milliseconds without a reply. A reply that takes longer than the time between two packets counts as lost, as on a busy machine, and so
 * does a packet that is at a router at the moment when its route changes. BGP needs longer to lose a way.
 */
const BLIP = 200;

const when = (is: boolean, severity: Severity, fact: string): Consequence[] =>
  is ? [{ severity, fact }] : [];

const some = (severity: Severity, count: number, one: string, many?: string): Consequence[] =>
  when(count > 0, severity, counted(count, one, many));

const pairsLose = (count: number): string =>
  `${counted(count, 'pair')} of nodes ${count === 1 ? 'loses' : 'lose'}`;

const KINDS: Readonly<Record<Review['fabric'][number]['kind'], readonly [one: string, many: string]>> = {
  network: ['network', 'networks'],
  region: ['region', 'regions'],
  router: ['router', 'routers'],
  node: ['node', 'nodes'],
  host: ['host', 'hosts'],
  segment: ['segment', 'segments'],
  reflector: ['reflector', 'reflectors'],
  file: ['trusted file', 'trusted files'],
};

/** `1 node added, 2 routers changed`. */
function partsText(fabric: ReviewFacts['fabric']): string {
  return (['added', 'removed', 'changed'] as const)
    .flatMap((change) =>
      Object.entries(KINDS).flatMap(([kind, [one, many]]) => {
        const count = fabric.filter((part) => part.kind === kind && part.change === change).length;
        if (count === 0) return [];
        return [kind === 'network' ? `settings ${change}` : `${counted(count, one, many)} ${change}`];
      }),
    )
    .join(', ');
}

/** `6 objects, 2 router files and 1 node file differ`. */
function resourcesText({ objects, files }: ReviewFacts): string {
  const routers = files.filter(({ path }) => path.startsWith('routers/')).length;
  const nodes = files.filter(({ path }) => path.startsWith('nodes/')).length;
  const total = objects.length + files.length;
  const found = [
    [objects.length, 'object'],
    [routers, 'router file'],
    [nodes, 'node file'],
    [files.length - routers - nodes, 'other file'],
  ] as const;
  if (total === 0) return '';
  const text = listed(
    found.filter(([count]) => count > 0),
    found.length,
    ([count, what]) => counted(count, what),
  );
  return `${text} ${total === 1 ? 'differs' : 'differ'}`;
}

/** Resets are always mentioned: a BGP reviewer asks for them first. */
function sessionsText(facts: ReviewFacts): string {
  const { changed, kept } = facts.sessions;
  if (changed.length === 0) return kept > 0 && isDelivered(facts) ? 'no session is reset' : '';
  const counts = (['reset', 'new', 'gone', 'reloaded'] as const).map(
    (change) => [change, changed.filter((one) => one.change === change).length] as const,
  );
  const [[first, count] = ['reset', 0], ...others] = counts.filter(([, some]) => some > 0);
  return [
    `${counted(count, 'session')} ${first}`,
    ...others.map(([change, some]) => `${number(some)} ${change}`),
    ...(first === 'reset' ? [] : ['none reset']),
  ].join(', ');
}
