import type { Fabric } from '../fabric/index.ts';
import type { Today } from './adopt.ts';
import { compareNodes } from './compare-nodes.ts';
import { compareObjects } from './compare-objects.ts';
import { uncompared } from './compare-peerings.ts';
import { comparePools } from './compare-pools.ts';
import { compareRouters } from './compare-routers.ts';
import type { Explanation } from './explanations.ts';
import type { Note } from './facts.ts';
import { helmTodo } from './helm.ts';

/** One thing of today or of the rendered network, and what becomes of it when that is applied. */
export interface Compared {
  /** `cluster`, or the router's name. */
  readonly where: string;
  readonly what: string;
  readonly became:
    | 'same'
    | 'changes'
    | 'comes'
    | 'stays'
    | 'kept'
    | 'reloaded'
    | 'reset'
    | 'new'
    | 'gone'
    /** Nothing of today was found that it could be held against. */
    | 'unknown';
  readonly details: readonly Detail[];
}

/** A difference; without an explanation somebody should look at it before anything is applied. */
export interface Detail {
  /** The field or option; empty where it is about the whole. */
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly because: Explanation | undefined;
}

export interface Comparison {
  readonly compared: readonly Compared[];
  /** What the user has to do by hand before or after, in order. */
  readonly todo: readonly string[];
}

/** Today's network against the rendered one: by object, as server-side apply changes it, and by session, as BIRD does. */
export function compare(
  today: Today,
  notes: readonly Note[],
  fabric: Fabric,
  files: ReadonlyMap<string, string>,
): Comparison {
  const objects = compareObjects(today.cluster, notes, files);
  const routers = compareRouters(today, fabric, files);
  const compared = [
    ...objects.compared,
    ...comparePools(today.cluster, fabric),
    ...compareNodes(today.cluster, fabric),
    ...uncompared(today, fabric),
    ...routers.compared,
  ];
  return { compared, todo: [...helmTodo(today.cluster), ...routers.todo, ...objects.todo] };
}

/** What should keep anybody from applying the rendered network as it is. */
export function concerns({ compared }: Comparison): {
  readonly unexplained: number;
  readonly interrupted: number;
} {
  const details = compared.flatMap((one) => one.details);
  return {
    unexplained: details.filter(({ because }) => because === undefined).length,
    interrupted: compared.filter(({ became }) => became === 'reset' || became === 'gone').length,
  };
}
