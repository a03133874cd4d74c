import type { Fabric } from '../../fabric/index.ts';
import { LEAST_IPV6_MTU } from '../../topology/address.ts';
import { NOENCAP } from '../../topology/own-command.ts';
import type { Analysis, Pair } from '../analysis.ts';
import { type Check, someLines, someOf } from '../finding.ts';
import { leastMtu, smallest } from '../pod-mtu.ts';
import { traces } from '../trace.ts';

/** NE301: pods' packets do not fit a segment on their path. */
export const podMtuTooLarge: Check = (analysis) => {
  const { fabric } = analysis;
  const { mtu } = fabric.pods;
  if (mtu === undefined) return [];
  const tooSmall = analysis.pairs.filter(({ fate }) => fate.arrives && fate.mtu[0] < mtu);
  if (tooSmall.length === 0) return [];
  const least = smallest(tooSmall.map(({ fate }) => fate.mtu[0]));
  return [
    {
      id: 'NE301',
      severity: 'error',
      path: ['pods', 'mtu'],
      message: `pods send packets of ${mtu} bytes, but at most ${least} pass ${someOf(narrowest(analysis, tooSmall), 3)}`,
      evidence: someLines(
        tooSmall.map(({ from, to, fate }) => `${from.name} to ${to.name}: path MTU ${fate.mtu[0]}`),
      ),
      fix: fits(analysis.fabric, least)
        ? `Set pods.mtu: auto, or at most ${least}.`
        : `Raise the MTU there to ${LEAST_IPV6_MTU} or more: pods with IPv6 need that much.`,
    },
  ];
};

/** Whether pods may have that MTU. */
export const fits = ({ pods }: Fabric, mtu: number): boolean =>
  mtu >= LEAST_IPV6_MTU || !pods.families.includes('ipv6');

/** The segments with the smallest MTU on these paths, be it their own or that of an interface there. */
function narrowest({ network, simulation }: Analysis, pairs: readonly Pair[]): string[] {
  const least = smallest(pairs.map(({ fate }) => fate.mtu[0]));
  const names = pairs
    .filter(({ fate }) => fate.mtu[0] === least)
    .slice(0, 20)
    .flatMap(({ ways, from }) => traces(network, simulation.underlay, ways, from.index))
    .flatMap(({ machines, segments }) => {
      const ports = machines.flatMap((machine) => network.machines[machine]?.ports ?? []);
      const narrow = new Set(ports.filter(({ mtu }) => mtu === least).map(({ segment }) => segment));
      const crossed = segments.flatMap((segment) => network.segments[segment] ?? []);
      return crossed.filter(({ index, mtu }) => mtu === least || narrow.has(index));
    });
  return [...new Set(names.map(({ name }) => name))].sort();
}

/** The overhead of an encapsulation in bytes (WireGuard over IPv6: 80); a larger gap is not room for one. */
const WASTED = 100;

/** NE302: every path would carry larger packets, even after any single failure. */
export const podMtuTooSmall: Check = (analysis) => {
  const { mtu } = analysis.fabric.pods;
  const atRest = smallest(analysis.pairs.filter(({ fate }) => fate.arrives).map(({ fate }) => fate.mtu[0]));
  if (mtu === undefined || !Number.isFinite(atRest) || mtu >= atRest - WASTED) return [];
  const least = leastMtu(analysis);
  if (mtu >= least - WASTED) return [];
  return [
    {
      id: 'NE302',
      severity: 'info',
      path: ['pods', 'mtu'],
      message: `pods send packets of ${mtu} bytes, but every path carries ${least}`,
      evidence: [`${least - mtu} bytes of each packet are unused`],
      fix: `Set pods.mtu: auto, or at most ${least}.`,
    },
  ];
};

/** NE303: an interface silently drops what is larger than its own MTU: no ICMP error, so no smaller packets. */
export const unevenMtu: Check = ({ fabric }) =>
  (fabric.segments ?? []).flatMap((segment) =>
    [...new Set(segment.members.map(({ mtu }) => mtu))]
      .filter((mtu) => mtu !== segment.mtu)
      .sort((a, b) => a - b)
      .map((mtu) => {
        const machines = segment.members.filter((member) => member.mtu === mtu).map(({ machine }) => machine);
        return {
          id: 'NE303',
          severity: 'warning' as const,
          path: [...segment.path, 'memberMtu'],
          message: `${someOf(machines, 3)} on ${segment.name} ${machines.length === 1 ? 'has' : 'have'} an MTU of ${mtu}, the others ${segment.mtu}`,
          evidence: [
            mtu < segment.mtu
              ? `packets of more than ${mtu} bytes that others send there are dropped silently`
              : `packets of more than ${segment.mtu} bytes that ${machines.length === 1 ? 'it sends' : 'they send'} are dropped silently`,
            `where both run OSPF, neighbours with different MTUs form no adjacency: ${NOENCAP} path shows the paths`,
          ],
          fix: `Give all interfaces on ${segment.name} the same MTU.`,
        };
      }),
  );
