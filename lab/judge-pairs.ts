import type { PairExpectation } from '../fabric/index.ts';
import { type FailedCheck, failedCheck } from './failure.ts';
import type { Lab } from './lab.ts';
import type { Probed } from './probe.ts';
import { listPaths, type PairPaths, pathBy, shown } from './walk.ts';

/** What is wrong with packets between two pods, on any of their paths. */
export function pairFailures(lab: Lab, probed: Probed): FailedCheck[] {
  const { pair, reached, isLossy, there, mtu } = probed;
  const who = `${pair.from} to ${pair.to}${lab.fabric.pods.families.length > 1 ? ` (${pair.family})` : ''}`;
  const hosts = [pair.from, pair.to];
  if (!pair.reachable) return reached ? [failedCheck('pair', hosts, `${who}: answers but should not`)] : [];
  if (!reached) return [failedCheck('pair', hosts, `${who}: the pod does not answer; ${endOf(probed)}`)];
  return [
    ...(isLossy && pair.isLossy !== true
      ? [failedCheck('pair', hosts, `${who}: some packets are lost; ${endOf(probed)}`)]
      : []),
    ...(there === undefined ? [] : wayFailures(who, hosts, pair, there)),
    ...mtu.map((message) => failedCheck('mtu', hosts, `${who}: ${message}`)),
  ];
}

/** Pairs that lose packets as expected: a missing or additional wrong path does not change that. */
export const lostAsExpected = (probed: readonly Probed[]): FailedCheck[] =>
  probed.flatMap((one) => {
    const { from, to, reachable, isLossy } = one.pair;
    if (!reachable && !one.reached)
      return [failedCheck('pair', [from, to], `${from} to ${to}: lost, ${endOf(one)}`)];
    if (!one.reached || isLossy !== true) return [];
    return [
      failedCheck('pair', [from, to], `${from} to ${to}: some packets are lost, on one of several paths`),
    ];
  });

/** Where packets end: on the forward path, else on the return path. */
function endOf({ pair, there, back }: Probed): string {
  const [out, home] = [there, back].map((ways) =>
    (ways === undefined ? [] : listPaths(ways)).find(({ ends }) => ends !== 'arrives'),
  );
  const end = out ?? home;
  if (end === undefined) return `the path ends at ${there === undefined ? pair.from : pair.to}`;
  const [name, last] = [out === undefined ? 'the return path' : 'the path', end.machines.at(-1) ?? ''];
  return end.ends === 'lost' ? `${name} ends at ${last}` : `${name} loops: ${shown(end.machines)}`;
}

/** Every hop of every path is correct, and no path has a hairpin. */
function wayFailures(
  who: string,
  hosts: readonly string[],
  pair: PairExpectation,
  ways: PairPaths,
): FailedCheck[] {
  const stray = [...ways.hops.values()].flat().flatMap(({ machine, to, via, dev }) => {
    const right = (pair.steps.get(machine) ?? []).map((step) => step.to);
    if (to !== undefined && right.includes(to)) return [];
    const is = to ?? `nobody (${via ?? dev})`;
    const way = to === undefined ? pathBy(ways, [machine]) : pathBy(ways, [machine, to]);
    return [`${machine} forwards to ${is}, not to ${right.join(' or ') || 'anyone'} (${shown(way)})`];
  });
  return [
    ...(stray[0] === undefined ? [] : [failedCheck('path', hosts, `${who}: ${stray[0]}`)]),
    ...turns(ways).map(({ at, on, way }) =>
      failedCheck('hairpin', hosts, `${who}: turns around at ${at} on ${on} (${shown(way)})`),
    ),
  ];
}

/** A packet that leaves a machine over the segment it came from has turned around there. */
function turns(ways: PairPaths): { at: string; on: string; way: string[] }[] {
  const all = [...ways.hops.values()].flat();
  const found = all.flatMap(({ machine, to, segment }) =>
    to === undefined || segment === undefined
      ? []
      : (ways.hops.get(to) ?? [])
          .filter((next) => next.segment === segment && next.to !== undefined)
          .map((next) => ({ at: to, on: segment, way: pathBy(ways, [machine, to, next.to ?? '']) })),
  );
  // One of each machine and segment: which way leads into it and which one out is no other fault.
  return [...new Map(found.map((one) => [`${one.at} ${one.on}`, one])).values()];
}
