import { type PlannedFile, rollout, type ShipPlan, shipPlan } from '../delivery/index.ts';
import { type Fabric, newNames, type RouterSpeaker } from '../fabric/index.ts';
import { type BaseState, type NoBase, readBase } from '../repository/base-state.ts';
import { commitOf } from '../repository/git.ts';
import { readIfThere, trustFiles } from '../repository/trust-files.ts';
import {
  type ByHand,
  byHand,
  type Configured,
  type DeliveryOrder,
  deliveryChanges,
  fileChanges,
  orderBetween,
  refusedDeliveries,
  sessionFates,
} from '../review/index.ts';
import type { Refusal } from './refusal.ts';
import { NO_BASE } from './ship-base.ts';

export interface PlanOptions {
  readonly topology: string;
  readonly out: string;
  readonly base: string | undefined;
  readonly maxParallel: number;
  readonly acceptDrift: boolean;
  readonly excuse: readonly string[];
  /** A plan to be read; a wave is delivered without asking who comes before the routers. */
  readonly plan: boolean;
}

/** A plan, what people do before and after it, and whether cluster or routers come first; null if the current state is unknown. */
export interface Plan extends ShipPlan {
  readonly order: Pick<DeliveryOrder, 'first' | 'message'> | null;
  readonly byHand: readonly ByHand[] | null;
}

/**
 * What would be delivered, from git alone: no router is contacted. Without a base their state is unknown, and all are included. `files` are
 * all that the topology renders.
 */
export async function planOf(
  fabric: Fabric,
  files: ReadonlyMap<string, string>,
  routers: readonly RouterSpeaker[],
  options: PlanOptions,
): Promise<Plan | Refusal> {
  const { maxParallel } = options;
  const base = await baseOf(options, files);
  if (base !== undefined && 'message' in base) return { code: 'base', ...base };
  const before = base?.topology !== undefined && 'fabric' in base.topology ? base.topology.fabric : undefined;
  const oldNames = new Map(
    before === undefined ? [] : [...newNames(before, fabric)].map(([old, now]) => [now, old] as const),
  );
  const changes =
    base === undefined
      ? undefined
      : new Map(
          routers.map(({ name }) => {
            const earlier = oldNames.get(name) ?? name;
            return [name, changesOf(earlier, base.files ?? new Map(), name, files)] as const;
          }),
        );
  const delivery = base === undefined ? undefined : deliveryOf(base, fabric, routers, options);
  const names = routers
    .map(({ name }) => name)
    .filter((name) => (changes?.get(name)?.length ?? 1) > 0 || delivery?.has(name));
  const rest = routers.filter(({ name }) => !names.includes(name));
  const ordered = rollout(fabric, names, maxParallel);
  const change =
    before === undefined || base?.files === undefined
      ? undefined
      : ([
          { fabric: before, files: base.files },
          { fabric, files },
        ] as const);
  const plan = shipPlan({
    fabric,
    before,
    rollout: {
      waves: ordered.waves,
      left: [
        ...ordered.left,
        ...rest.map(({ name }) => ({
          router: name,
          reason: `nothing has changed since ${shortName(base?.name ?? '')}`,
        })),
      ],
    },
    maxParallel,
    accepted: { drift: options.acceptDrift, excused: options.excuse },
    files: changes ?? new Map(),
    delivery: delivery ?? new Map(),
    refused: new Map(
      before === undefined
        ? []
        : refusedDeliveries(before, fabric).map(
            ({ router, message, fix }) => [router, { message, fix }] as const,
          ),
    ),
    forecast: change && sessionFates(...change),
  });
  const order = change === undefined || !options.plan ? null : orderOf(...change, (delivery?.size ?? 0) > 0);
  return { ...plan, order, byHand: change === undefined ? null : byHand(...change) };
}

/** What no file tells: with the same files a router may be another machine now. */
function deliveryOf(
  { name, topology, trust }: BaseState,
  fabric: Fabric,
  routers: readonly RouterSpeaker[],
  options: PlanOptions,
): ReadonlyMap<string, readonly string[]> {
  if (topology === undefined || 'fault' in topology) {
    const message = `to a machine that may be another one: ${shortName(name)} has no topology that can be read`;
    return new Map(routers.map((router) => [router.name, [message]]));
  }
  const now = { fabric, trust: trustFiles(options.topology, readIfThere) };
  return deliveryChanges({ fabric: topology.fabric, trust }, now);
}

function orderOf(before: Configured, after: Configured, otherwise: boolean): Plan['order'] {
  const differ = (folder: string): boolean => fileChanges(folder, before.files, after.files).length > 0;
  const cluster = differ('cluster') || differ('gitops');
  const { first, message } = orderBetween(before.fabric, after.fabric, {
    routers: differ('routers'),
    cluster,
    otherwise,
  });
  return { first, message };
}

/** Who comes first, and who sees to it: an engine syncs what is merged, whatever the routers have. Nothing where any order will do. */
export function orderText({ first, message }: NonNullable<Plan['order']>): string[] {
  switch (first) {
    case 'routers':
      return [
        message,
        'Pause the engine before the merge until all waves are confirmed: ship does not do this.',
      ];
    case 'cluster':
      return [
        message,
        'Start when the engine has synced: while the nodes keep those sessions, ship refuses to run.',
      ];
    case 'apart':
      return [message];
    case 'either':
      return [];
  }
}

/** Nobody reads a full hash, which a workflow passes. */
const shortName = (name: string): string => (/^[0-9a-f]{40,64}$/.test(name) ? name.slice(0, 7) : name);

/** A router that is renamed keeps its folder, wherever it is in dist. */
const changesOf = (
  earlier: string,
  before: ReadonlyMap<string, string>,
  router: string,
  after: ReadonlyMap<string, string>,
): PlannedFile[] =>
  fileChanges('router', folderOf(earlier, before), folderOf(router, after)).map(
    ({ path, added, removed }) => ({
      path: path.slice('router/'.length),
      added,
      removed,
    }),
  );

const folderOf = (router: string, files: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const folder = `routers/${router}/`;
  return new Map(
    [...files].flatMap(([path, text]) =>
      path.startsWith(folder) ? [[`router/${path.slice(folder.length)}`, text] as const] : [],
    ),
  );
};

/** The given base; else where this branch left the main branch; on that branch itself the commit before. */
async function baseOf(
  options: PlanOptions,
  files: ReadonlyMap<string, string>,
): Promise<BaseState | NoBase | undefined> {
  if (options.base === NO_BASE) return undefined;
  const state = await readBase(options, files);
  if (options.base !== undefined) return state;
  const isHere = !('message' in state) && state.commit === commitOf('HEAD');
  const found = isHere ? await readBase({ ...options, base: 'HEAD~1' }, files) : state;
  return 'message' in found ? undefined : found;
}
