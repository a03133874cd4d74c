import { type Fabric, type NodeSpeaker, newNames, type RouterSpeaker, withNames } from '../fabric/index.ts';
import type { Configured } from './session-fates.ts';

/** Something that neither an engine nor `ship` does: people do it, in this order. */
export interface ByHand {
  readonly when: 'before the merge' | 'after the merge' | 'after shipping';
  /** `run install.sh`. */
  readonly action: string;
  /** The machines, in the order of the work. */
  readonly machines: readonly string[];
  readonly reason: string;
}

/** Derives such steps from a change. */
export type Rule = (change: Change) => ByHand[];

export interface Change {
  readonly earlier: Configured;
  /** The fabric before, its machines under their later names. */
  readonly before: Fabric;
  readonly after: Configured;
  readonly names: ReadonlyMap<string, string>;
  readonly nodes: Pairs<NodeSpeaker>;
  readonly routers: Pairs<RouterSpeaker>;
}

/** Both states, each machine compared with itself. */
export function changeBetween(earlier: Configured, after: Configured): Change {
  const names = newNames(earlier.fabric, after.fabric);
  const before = withNames(earlier.fabric, names);
  return {
    earlier,
    before,
    after,
    names,
    nodes: pairs(before.nodes, after.fabric.nodes),
    routers: routerPairs(before, after.fabric),
  };
}

/** What stays, what is added and what is removed. */
interface Pairs<T> {
  readonly stay: readonly (readonly [was: T, is: T])[];
  readonly come: readonly T[];
  readonly go: readonly T[];
}

function pairs<T extends { readonly name: string }>(before: readonly T[], after: readonly T[]): Pairs<T> {
  const [namedBefore, namedAfter] = [before, after].map(
    (all) => new Map(all.map((one) => [one.name, one])),
  ) as [Map<string, T>, Map<string, T>];
  return {
    stay: after.flatMap((is): [T, T][] => {
      const was = namedBefore.get(is.name);
      return was === undefined ? [] : [[was, is]];
    }),
    come: after.filter(({ name }) => !namedBefore.has(name)),
    go: before.filter(({ name }) => !namedAfter.has(name)),
  };
}

/** A planned router does not run noencap's configuration yet. */
function routerPairs(before: Fabric, after: Fabric): Pairs<RouterSpeaker> {
  const live = ({ routers }: Fabric) => routers.filter(({ planned }) => !planned);
  return pairs(live(before), live(after));
}

export const nameOf = ({ name }: { readonly name: string }): string => name;
