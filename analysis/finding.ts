import type { Path } from '../topology/model.ts';
import type { Analysis } from './analysis.ts';
import type { Block } from './simulator/model.ts';

/** Something about a valid topology that its author should know. */
export interface Finding {
  /** Stable; docs/checks/<id>.md explains it. */
  readonly id: string;
  /** `error`: broken today. `warning`: fragile or wasteful. */
  readonly severity: 'error' | 'warning' | 'info';
  /** What the finding is about, in the topology. */
  readonly path: Path;
  readonly message: string;
  readonly evidence: readonly string[];
  readonly fix: string;
  /** The reason given under `checks.suppress`; such a finding is shown and counts for nothing. */
  readonly suppressed: string | undefined;
}

/** A finding before suppressions are applied. */
export type Found = Omit<Finding, 'suppressed'>;

/** What one check finds, in the order of the topology. */
export type Check = (analysis: Analysis) => readonly Found[];

/** The first names up to this limit, and how many more there are. */
export const someOf = (names: readonly string[], most = 10): string =>
  names.length <= most
    ? names.join(', ')
    : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;

/** The first lines up to this limit, and how many more there are. */
export const someLines = (lines: readonly string[], most = 6): string[] =>
  lines.length <= most ? [...lines] : [...lines.slice(0, most), `and ${lines.length - most} more`];

/** ` and 1 more pair`, ` and 3 more pairs`; nothing for none. */
export const andMore = (count: number, noun: string): string =>
  count === 0 ? '' : ` and ${count} more ${noun}${count === 1 ? '' : 's'}`;

/** Values by key, each in the order in which it came. */
export function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** A block as it is shown: `10.42.0.0/26 (assumed)` where the topology does not name it. */
export const blockText = ({ prefix, assumed }: Pick<Block, 'prefix' | 'assumed'>): string =>
  `${prefix.text}${assumed ? ' (assumed)' : ''}`;

/** `n1`, or `n1 (and 19 like it)`. */
export function nodeText(analysis: Analysis, machine: number): string {
  const [name = '', ...others] = analysis.like(machine);
  return others.length === 0 ? name : `${name} (and ${others.length} like it)`;
}
