import type { Fabric } from '../fabric/index.ts';
import type { Today } from './adopt.ts';
import { compareNodes } from './compare-nodes.ts';
import { compareObjects } from './compare-objects.ts';
import { uncompared } from './compare-peerings.ts';
import { comparePools } from './compare-pools.ts';
import { compareRouters } from './compare-routers.ts';
import type { Compared } from './compared.ts';
import type { Note } from './facts.ts';
import { helmTodo } from './helm.ts';

export interface Comparison {
  readonly compared: readonly Compared[];
  /** Manual steps before or after, in order. */
  readonly todo: readonly string[];
}

/** Today's network against the rendered one: by object, as changed by server-side apply, and by session, as changed by BIRD. */
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

/** Reasons not to apply the rendered network as it is. */
export function concerns({ compared }: Comparison): {
  readonly unexplained: number;
  readonly interrupted: number;
} {
  const details = compared.flatMap((one) => one.details);
  return {
    unexplained: details.filter(({ because }) => because === undefined).length,
    interrupted: compared.filter(({ change }) => change === 'reset' || change === 'gone').length,
  };
}
