import { type Analysis, machinesOnWay } from '../analysis/index.ts';
import { type Fabric, igpPaths, type PathsTo } from '../fabric/index.ts';
import { valuesOf } from '../topology/address.ts';
import type { TrafficChange } from './traffic.ts';

/**
 * Pairs of nodes reachable before and after whose path OSPF changes. Every router computes its routes by itself, BIRD up to a second after
 * an LSA arrives (`tick`): routers that do so one after the other may loop packets until both are done, and these are lost (measured: up to 0.7 s with two routers, with "time exceeded" for each packet).
 */
export function movedWays(was: Analysis, is: Analysis, traffic: readonly TrafficChange[]): TrafficChange[] {
  const isMoved = movedSteps(was.fabric, is.fabric);
  if (isMoved === undefined) return [];
  return traffic.filter(({ from, to, family, change }) => {
    if (CUT.includes(change)) return false;
    const machines = [was, is].flatMap((one) => [...machinesOnWay(one, from, to, family)]);
    const all = [...new Set(machines)];
    return all.some((at) => all.some((target) => at !== target && isMoved(at, target)));
  });
}

/** These pairs lose packets anyway, before or after. */
const CUT: readonly TrafficChange['change'][] = ['lost', 'partly lost', 'restored'];

/** How many ordered pairs of nodes; of one in both families each counts once. */
export const countMoved = (moved: readonly TrafficChange[]): number =>
  [...new Map(moved.map(({ from, to, pairs }) => [`${from} ${to}`, pairs])).values()].reduce(
    (sum, pairs) => sum + pairs,
    0,
  );

type Moved = (at: string, target: string) => boolean;

/** Whether OSPF leads from one machine to another by other steps; undefined where it computes over the same as before. */
function movedSteps(before: Fabric, after: Fabric): Moved | undefined {
  if (graphText(before) === graphText(after)) return undefined;
  const [stepsBefore, stepsAfter] = [stepsIn(before), stepsIn(after)];
  const cache = new Map<string, boolean>();
  return (at, target) => {
    const key = `${at} ${target}`;
    const found = cache.get(key) ?? stepsBefore(at, target) !== stepsAfter(at, target);
    cache.set(key, found);
    return found;
  };
}

/** All that OSPF computes its ways of. A segment is its ranges, whatever people call it. */
function graphText(fabric: Fabric): string {
  const { routers, nodes, hosts } = fabric;
  return [
    ...routers.filter(({ planned }) => !planned),
    ...nodes.filter(({ igp }) => igp),
    ...hosts.filter(({ igp }) => igp),
  ]
    .flatMap(({ name, attachments }) =>
      attachments.map((one) => `${name} ${rangesOf(one)} ${one.cost} ${one.igp.join(' ')}`),
    )
    .sort()
    .join('\n');
}

const rangesOf = ({
  cidr,
}: {
  readonly cidr: Fabric['routers'][number]['attachments'][number]['cidr'];
}): string =>
  valuesOf(cidr)
    .map(({ text }) => text)
    .join(' ');

function stepsIn(fabric: Fabric): (at: string, target: string) => string {
  const pathsTo: PathsTo = igpPaths(fabric);
  const ranges = new Map((fabric.segments ?? []).map((one) => [one.name, rangesOf(one)]));
  const machines = new Set([...fabric.routers, ...fabric.nodes, ...fabric.hosts].map(({ name }) => name));
  return (at, target) =>
    machines.has(at) && machines.has(target)
      ? (['ipv4', 'ipv6'] as const)
          .flatMap((family) =>
            pathsTo(target, family)
              .firstHopsFrom(at)
              .map((step) => `${family} ${ranges.get(step.segment)} ${step.to}`),
          )
          .sort()
          .join('\n')
      : '';
}
