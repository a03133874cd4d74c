import type { Review } from '../document.ts';
import { counted, listed, number } from '../numbers.ts';
import { code, prose } from './text.ts';
import type { Bounds } from './tiers.ts';

/** How many are named in a cell; the folds below name them all. */
const MOST_NAMED = 4;

type Row = readonly [what: string, consequence: string];

/** What the change does, a row for each thing of which there is something to say; undefined if there is nothing. */
export function consequences(review: Review, bounds: Bounds): string | undefined {
  const rows = [
    ...sessionRows(review, bounds),
    ...interruptionRows(review, bounds),
    ...trafficRows(review, bounds),
    ...movedRows(review),
    ...failureRows(review, bounds),
    ...findingRows(review, bounds),
    ...orderRows(review, bounds),
    ...byHandRows(review, bounds),
    ...rehearsalRows(review, bounds),
  ];
  if (rows.length === 0) return undefined;
  return ['| | Consequence |', '|---|---|', ...rows.map(([what, text]) => `| ${what} | ${text} |`)].join(
    '\n',
  );
}

type SessionChange = Review['sessions']['changed'][number];

function sessionRows({ sessions: { changed } }: Review, bounds: Bounds): Row[] {
  return (['reset', 'reloaded', 'new', 'gone'] as const).flatMap((change): Row[] => {
    const ofChange = changed.filter((one) => one.change === change);
    if (ofChange.length === 0) return [];
    const groups = byReason(ofChange);
    const isExplained = groups.some(({ messages }) => messages.length > 0);
    const ids = () => listed(ofChange, MOST_NAMED, ({ id }) => code(id, bounds.name));
    const text = isExplained
      ? reasonsOf(groups, bounds)
      : `${number(ofChange.length)} (${kindsOf(ofChange)}): ${ids()}`;
    return [[`Sessions ${change}`, text]];
  });
}

/** Sessions that share their reasons; both ends mostly give the same. */
interface Group {
  readonly messages: readonly string[];
  readonly speakers: Set<string>;
  sessions: number;
}

function byReason(sessions: readonly SessionChange[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { reasons } of sessions) {
    const messages = [...new Set(reasons.map(({ message }) => message))];
    const key = JSON.stringify(messages);
    const group = groups.get(key) ?? { messages, speakers: new Set<string>(), sessions: 0 };
    for (const { speaker } of reasons) if (speaker !== null) group.speakers.add(speaker);
    group.sessions += 1;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.sessions - a.sessions);
}

function reasonsOf(groups: readonly Group[], bounds: Bounds): string {
  const left = groups.length - MOST_NAMED;
  return [
    ...groups.slice(0, MOST_NAMED).map(({ messages, speakers, sessions }) => {
      const where = listed([...speakers], MOST_NAMED, (name) => code(name, bounds.name));
      const why = listed(messages, MOST_NAMED, (one) => prose(one, bounds.name));
      return `${number(sessions)}${where === '' ? '' : ` at ${where}`}${why === '' ? '' : `: ${why}`}`;
    }),
    ...(left > 0 ? [counted(left, 'more reason')] : []),
  ].join('; ');
}

function kindsOf(sessions: readonly SessionChange[]): string {
  return (['reflector', 'backbone', 'mesh'] as const)
    .map((kind) => [kind, sessions.filter((one) => one.kind === kind).length] as const)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${number(count)} ${kind}`)
    .join(', ');
}

function interruptionRows({ interruptions, pairs }: Review, bounds: Bounds): Row[] {
  if (interruptions.length === 0) return [];
  const felt = interruptions.filter(({ lost }) => lost > 0).sort((a, b) => b.lost - a.lost);
  const [first] = felt;
  if (first === undefined) return [['While they reset', 'no pair of nodes loses packets']];
  const text = listed(
    felt,
    MOST_NAMED,
    ({ speaker, sessions, lost }) =>
      `${number(lost)} by ${code(speaker, bounds.name)} (${counted(sessions, 'session')})`,
  );
  const most = `up to ${number(first.lost)} of ${counted(pairs, 'pair')} of nodes lose packets`;
  return [['While they reset', `${most}: ${text}`]];
}

type Became = Review['traffic'][number]['change'];

/** Gravest first. */
const WAYS: readonly (readonly [Became, what: string, which: string])[] = [
  ['lost', 'Packets lost', 'at worst'],
  ['partly lost', 'Packets partly lost', 'at worst'],
  ['too narrow', "Too narrow for the pods' MTU", 'at worst'],
  ['narrower', 'Smaller path MTU', 'at worst'],
  ['longer', 'Longer paths', 'at worst'],
  ['turning', 'Hairpins', 'at worst'],
  ['restored', 'Packets arrive again', 'such as'],
  ['shorter', 'Shorter paths', 'such as'],
  ['wider', 'Larger path MTU', 'such as'],
  ['rerouted', 'Other paths, same length and MTU', 'such as'],
];

function trafficRows({ traffic }: Review, bounds: Bounds): Row[] {
  return WAYS.flatMap(([change, what, which]): Row[] => {
    const ofChange = traffic.filter((one) => one.change === change);
    const [first] = ofChange;
    if (first === undefined) return [];
    const pairs = ofChange.reduce((sum, one) => sum + one.pairs, 0);
    const worst = ofChange.reduce((most, one) => (weight(one) > weight(most) ? one : most), first);
    const pair = `${code(worst.from, bounds.name)} → ${code(worst.to, bounds.name)}${measure(worst)}`;
    const example = ofChange.length === 1 ? 'such as' : which;
    return [[what, `${counted(pairs, 'pair')}, ${pairs === 1 ? '' : `${example} `}${pair}`]];
  });
}

const movedRows = ({ moved }: Review): Row[] =>
  moved === 0
    ? []
    : [
        [
          'While OSPF converges',
          `${counted(moved, 'pair')} of nodes may lose packets for a second: routers recompute their paths one by one`,
        ],
      ];

/** By how much a path changes; for losses, for how many pairs. */
function weight({ change, hops, mtu, pairs }: Review['traffic'][number]): number {
  if (change === 'longer' || change === 'shorter') return Math.abs((hops[1] ?? 0) - (hops[0] ?? 0));
  if (change === 'too narrow' || change === 'narrower' || change === 'wider')
    return Math.abs((mtu[1] ?? 0) - (mtu[0] ?? 0));
  return pairs;
}

function measure({ change, hops, mtu }: Review['traffic'][number]): string {
  if (change === 'longer' || change === 'shorter') return ` (hops ${beforeAndAfter(hops)})`;
  if (change === 'too narrow' || change === 'narrower' || change === 'wider')
    return ` (MTU ${beforeAndAfter(mtu)})`;
  return '';
}

/** `1 → 2`; a dash for what there is none of. */
export const beforeAndAfter = ([before, after]: readonly [number | null, number | null]): string =>
  `${before === null ? '–' : number(before)} → ${after === null ? '–' : number(after)}`;

function failureRows({ failures: { fatal, worse, survived } }: Review, bounds: Bounds): Row[] {
  const rows = [
    ['Failures now fatal', fatal],
    ['Failures now worse', worse],
    ['Failures now survived', survived],
  ] as const;
  return rows.flatMap(([what, failures]): Row[] => {
    if (failures.length === 0) return [];
    const gravest = [...failures].sort((a, b) => Math.max(...b.lost) - Math.max(...a.lost));
    const text = listed(
      gravest,
      MOST_NAMED,
      ({ kind, name, lost }) => `${kind} ${code(name, bounds.name)} (pairs lost ${beforeAndAfter(lost)})`,
    );
    return [[what, text]];
  });
}

function findingRows({ findings: { introduced, reopened, fixed } }: Review, bounds: Bounds): Row[] {
  const rows = [
    ['Findings introduced', introduced],
    ['Findings reopened', reopened],
    ['Findings fixed', fixed],
  ] as const;
  return rows.flatMap(([what, findings]): Row[] => {
    if (findings.length === 0) return [];
    const text = listed(findings, MOST_NAMED, ({ code: id, message }) =>
      findings === fixed
        ? code(id, bounds.name)
        : `${code(id, bounds.name)} (${prose(message, bounds.sentence)})`,
    );
    return [[what, `${number(findings.length)}: ${text}`]];
  });
}

const FIRST: Readonly<Record<Review['order']['first'], string>> = {
  either: 'either first',
  routers: 'routers first',
  cluster: 'cluster first',
  apart: 'in several changes',
};

/** A change delivered to only one of both needs no order. */
function orderRows({ order, objects, files }: Review, bounds: Bounds): Row[] {
  const isToBoth = objects.length > 0 && files.some(({ path }) => path.startsWith('routers/'));
  if (order.first === 'either' && !isToBoth) return [];
  const { routersFirst, clusterFirst } = order.lost;
  const lost =
    routersFirst + clusterFirst === 0
      ? ''
      : ` (between the two deliveries ${counted(routersFirst, 'pair')} of nodes lost with routers first, ${number(clusterFirst)} with cluster first)`;
  const why = order.message === '' ? '' : `: ${prose(order.message, bounds.sentence)}`;
  return [['Delivery', `**${FIRST[order.first]}**${why}${lost}`]];
}

/** Manual steps in order, after the delivery order. */
function byHandRows({ byHand }: Review, bounds: Bounds): Row[] {
  if (byHand.length === 0) return [];
  const steps = byHand.slice(0, bounds.items).map(({ when, action, machines, reason }, index) => {
    const where = listed(machines, MOST_NAMED, (name) => code(name, bounds.name));
    return `${index + 1}. ${when}, at ${where}: ${prose(action, bounds.sentence)} (${prose(reason, bounds.sentence)})`;
  });
  const left = byHand.length - steps.length;
  return [['By hand', [...steps, ...(left > 0 ? [counted(left, 'more step')] : [])].join('; ')]];
}

function rehearsalRows({ rehearsal }: Review, bounds: Bounds): Row[] {
  if (rehearsal === null) return [];
  const { sent, lost, gap, worst, failures } = rehearsal;
  const [first] = worst;
  const which =
    lost === 0 || first === undefined
      ? ''
      : `, at worst ${code(first.from, bounds.name)} → ${code(first.to, bounds.name)} (${number(first.lost)} of ${number(first.sent)})`;
  const measured =
    lost === 0
      ? `none of ${counted(sent, 'packet')} lost`
      : `${number(lost)} of ${counted(sent, 'packet')} lost, longest gap ${duration(gap)}${which}`;
  const wrong = listed(failures, MOST_NAMED, (one) => prose(one, bounds.sentence));
  return [
    ['Rehearsed in the lab', measured],
    ...(wrong === '' ? [] : [['Failed checks afterwards', wrong] as const]),
  ];
}

/** `800 ms`, `1.2 s`. */
export const duration = (milliseconds: number): string =>
  milliseconds < 1000
    ? `${number(Math.ceil(milliseconds))} ms`
    : `${number(Math.round(milliseconds / 100) / 10)} s`;
