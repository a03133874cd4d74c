import type { Prefix } from '../../topology/address.ts';
import type { Look } from './world.ts';

/** One of the paths that packets may take, according to the tables of the machines on it. */
export interface Way {
  readonly machines: readonly string[];
  /** Between the machines. */
  readonly segments: readonly string[];
  readonly ends: 'arrives' | 'dropped' | 'loops';
}

/** All paths from a machine to the node of a block. `isGone`: whether a machine has failed; it does not answer. */
export function waysTo(
  look: Look,
  from: string,
  { block, node }: { readonly block: Prefix; readonly node: string },
  isGone: (name: string) => boolean,
): Way[] {
  const follow = (machines: readonly string[], segments: readonly string[]): Way[] => {
    const machine = machines.at(-1) ?? '';
    if (machines.indexOf(machine) < machines.length - 1) return [{ machines, segments, ends: 'loops' }];
    const { by, hops } = look.forwarding(machine, block);
    if (machine === node && by === 'pod') return [{ machines, segments, ends: 'arrives' }];
    if (hops.length === 0) return [{ machines, segments, ends: 'dropped' }];
    return hops.flatMap(({ segment, to }) =>
      to === undefined || isGone(to) || isGone(segment)
        ? [{ machines, segments, ends: 'dropped' }]
        : follow([...machines, to], [...segments, segment]),
    );
  };
  return follow([from], []);
}

/** The machines that send a packet back onto the segment that it came from. */
export const turnsOf = ({ machines, segments }: Way): string[] =>
  segments.flatMap((segment, index) => (segment === segments[index + 1] ? [machines[index + 1] ?? ''] : []));
