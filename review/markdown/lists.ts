import { reasonText } from '../../fabric/index.ts';
import { placeText, type Review } from '../document.ts';
import { counted, number } from '../numbers.ts';
import { beforeAndAfter, duration } from './consequences.ts';
import { code, prose } from './text.ts';
import type { Bounds } from './tiers.ts';

/** What a fold holds: how it is called, how much there is, and its text, block by block. */
export interface Fold {
  readonly title: string;
  /** Of ours: it stands in HTML, where nothing else is safe. */
  readonly count: string;
  readonly blocks: Iterable<string>;
}

/** Changes in the network, its sessions and traffic, as lists and tables. Empty ones are omitted. */
export function listFolds(review: Review, bounds: Bounds): Fold[] {
  return [network, sessions, traffic, failures, findings, rehearsal]
    .map((fold) => fold(review, bounds))
    .filter(({ count }) => count !== '0');
}

function network({ fabric }: Review, bounds: Bounds): Fold {
  const lines = fabric.slice(0, bounds.items).map(({ kind, name, change, details }) => {
    const what = `- ${kind} ${code(name, bounds.name)} ${change}`;
    const left = details.length - bounds.items;
    const how = details.slice(0, bounds.items).map((one) => prose(one, bounds.sentence));
    return details.length === 0
      ? what
      : `${what}: ${[...how, ...(left > 0 ? [`${number(left)} more`] : [])].join('; ')}`;
  });
  return {
    title: 'Network',
    count: number(fabric.length),
    blocks: [[...lines, ...left(fabric, bounds)].join('\n')],
  };
}

function sessions({ sessions: { changed, kept } }: Review, bounds: Bounds): Fold {
  const rows = changed
    .slice(0, bounds.items)
    .map(({ id, kind, change, reasons }) => [
      code(id, bounds.name),
      kind,
      change,
      reasons.length > bounds.items
        ? `${number(reasons.length)} reasons`
        : reasons.map((one) => prose(reasonText(one), bounds.sentence)).join('; '),
    ]);
  return {
    title: 'Sessions',
    count: number(changed.length),
    blocks: [
      table(['session', 'kind', 'becomes', 'because'], rows),
      ...left(changed, bounds),
      `${counted(kept, 'session')} kept.`,
    ],
  };
}

function traffic({ traffic: changes }: Review, bounds: Bounds): Fold {
  const rows = changes
    .slice(0, bounds.items)
    .map(({ from, to, family, pairs, change, hops, mtu }) => [
      code(from, bounds.name),
      code(to, bounds.name),
      family === 'ipv4' ? 'IPv4' : 'IPv6',
      number(pairs),
      change,
      beforeAndAfter(hops),
      beforeAndAfter(mtu),
    ]);
  return {
    title: 'Traffic',
    count: number(changes.length),
    blocks: [
      table(['from', 'to', 'family', 'pairs', 'becomes', 'hops', 'MTU'], rows),
      ...left(changes, bounds),
    ],
  };
}

function failures({ failures: { fatal, survived } }: Review, bounds: Bounds): Fold {
  const all = [
    ...fatal.map((one) => ({ ...one, now: 'fatal' })),
    ...survived.map((one) => ({ ...one, now: 'survived' })),
  ];
  const rows = all
    .slice(0, bounds.items)
    .map(({ kind, name, now, lost }) => [
      `${kind} ${code(name, bounds.name)}`,
      `now ${now}`,
      beforeAndAfter(lost),
    ]);
  return {
    title: 'Failures',
    count: number(all.length),
    blocks: [table(['if it fails', '', 'pairs of nodes that lose packets'], rows), ...left(all, bounds)],
  };
}

function findings({ findings: { introduced, reopened, fixed } }: Review, bounds: Bounds): Fold {
  const all = [
    ...introduced.map((one) => ({ ...one, change: 'introduced' })),
    ...reopened.map((one) => ({ ...one, change: 'reopened' })),
    ...fixed.map((one) => ({ ...one, change: 'fixed' })),
  ];
  const lines = all
    .slice(0, bounds.items)
    .map(
      ({ code: id, severity, message, place, change }) =>
        `- ${change}: ${severity} ${code(id, bounds.name)} at ${code(placeText(place), bounds.name)}: ${prose(message, bounds.sentence)}`,
    );
  return {
    title: 'Findings',
    count: number(all.length),
    blocks: [[...lines, ...left(all, bounds)].join('\n')],
  };
}

function rehearsal({ rehearsal: lab }: Review, bounds: Bounds): Fold {
  if (lab === null) return { title: 'Rehearsal', count: '0', blocks: [] };
  const { sent, lost, worst, reset, failures: wrong } = lab;
  const isEmpty = worst.length + reset.length + wrong.length === 0;
  const rows = worst
    .slice(0, bounds.items)
    .map((pair) => [
      code(pair.from, bounds.name),
      code(pair.to, bounds.name),
      number(pair.sent),
      number(pair.lost),
      duration(pair.gap),
    ]);
  const items = (all: readonly string[], render: (one: string) => string): string[] =>
    all.length === 0
      ? []
      : [[...all.slice(0, bounds.items).map((one) => `- ${render(one)}`), ...left(all, bounds)].join('\n')];
  return {
    title: 'Rehearsal',
    count: isEmpty ? '0' : `${number(lost)} of ${counted(sent, 'packet')} lost`,
    blocks: [
      ...items(wrong, (one) => `check failed: ${prose(one, bounds.sentence)}`),
      ...(rows.length === 0
        ? []
        : [table(['from', 'to', 'packets sent', 'lost', 'longest gap'], rows), ...left(worst, bounds)]),
      ...items(reset, (one) => `session reset: ${code(one, bounds.name)}`),
    ],
  };
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** How many entries are not shown. */
const left = (all: readonly unknown[], bounds: Bounds): string[] =>
  all.length > bounds.items ? [`- and ${number(all.length - bounds.items)} more`] : [];
