import { type Analysis, type Pair, placeOf, regionsOf } from '../analysis.ts';
import { andMore, type Check, type Found, grouped, someLines } from '../finding.ts';
import { isEqualCost } from '../simulator/decision.ts';
import type { Machine } from '../simulator/model.ts';
import { segmentOf } from '../simulator/spf.ts';
import { isWhole } from '../simulator/what-if.ts';
import { linksUsed, type Trace, traces, traceText } from '../trace.ts';

/** A packet that leaves a machine over the segment it arrived on. */
interface Turn {
  readonly pair: Pair;
  readonly trace: Trace;
  /** Its place in the trace. */
  readonly at: number;
}

/** NE203: packets between neighbours detour through a router, in and out of one interface. */
export const hairpin: Check = (analysis) => {
  const { network, simulation } = analysis;
  const turns = analysis.pairs
    .filter(({ fate }) => fate.turns)
    .flatMap((pair) =>
      traces(network, simulation.underlay, pair.ways, pair.from.index).flatMap((trace): Turn[] => {
        if (trace.end !== 'arrives') return [];
        const at = trace.segments.findIndex(
          (segment, index) => index > 0 && segment === trace.segments[index - 1],
        );
        return at < 0 ? [] : [{ pair, trace, at }];
      }),
    );
  return [...grouped(turns, ({ trace, at }) => `${trace.machines[at]} ${trace.segments[at]}`).values()].map(
    (all): Found => {
      const [{ pair, trace, at }] = all as [Turn];
      const machine = network.machines[trace.machines[at] ?? -1] as Machine;
      const segment = network.segments[trace.segments[at] ?? -1]?.name ?? '';
      const pairs = new Set(all.map((one) => `${one.pair.from.name} to ${one.pair.to.name}`));
      const isMesh = all.every((one) => isByMeshOnly(analysis, one));
      const isShared = traces(network, simulation.underlay, pair.ways, pair.from.index).length > 1;
      return {
        id: 'NE203',
        severity: 'warning',
        path: placeOf(analysis, machine),
        message: `packets turn around at ${machine.name} on ${segment}: ${pairs.size === 1 ? 'one pair of nodes' : `${pairs.size} pairs of nodes`}`,
        evidence: [
          ...someLines([...new Set(all.map((one) => traceText(network, one.trace)))]),
          ...(isShared ? ['only some flows: the others take an equal-cost path'] : []),
          isMesh
            ? "the next hop comes from Calico's own mesh"
            : `the reflector sets the next hop (bgp.reflectorNextHop: ${analysis.fabric.bgp.reflectorNextHop})`,
        ],
        fix: isMesh
          ? 'Set bgp.nodeToNodeMesh: false, or point the default route of these nodes at the router on that path (defaultRouter).'
          : analysis.fabric.bgp.reflectorNextHop === 'self'
            ? 'Set bgp.reflectorNextHop: keep; a client then sends directly to neighbours on its segment.'
            : 'Let the nodes peer from addresses on their shared segment, and place their reflector between them and the rest of the network.',
      };
    },
  );
};

/** Whether, at the machine before the turn, only a route of Calico's mesh has that next hop. */
function isByMeshOnly({ network }: Analysis, { pair, trace, at }: Turn): boolean {
  const before = trace.machines[at - 1] ?? -1;
  const routes = pair.ways.rib.routes(before);
  const [best] = routes;
  if (best === undefined) return false;
  const into = trace.segments[at - 1];
  const used = routes.filter(
    (route) => isEqualCost(best, route) && route.way.hops.some((hop) => segmentOf(network, hop) === into),
  );
  return used.length > 0 && used.every(({ from }) => from?.session.kind === 'mesh');
}

/** NE202: forward and return paths differ, which breaks stateful firewalls and confuses troubleshooting. */
export const asymmetricPath: Check = (analysis) => {
  const { network, simulation } = analysis;
  const named = new Map(
    analysis.pairs.map((pair) => [`${pair.from.index} ${pair.to.index} ${pair.block.prefix.family}`, pair]),
  );
  const odd = analysis.pairs.filter((pair) => {
    if (pair.from.index > pair.to.index || !isWhole(pair.fate)) return false;
    const back = named.get(`${pair.to.index} ${pair.from.index} ${pair.block.prefix.family}`);
    if (back === undefined || !isWhole(back.fate)) return false;
    const [there, again] = [pair, back].map(({ ways, from }) => linksUsed(network, ways, from.index)) as [
      ReadonlySet<string>,
      ReadonlySet<string>,
    ];
    return there.size !== again.size || [...there].some((edge) => !again.has(edge));
  });
  return [...grouped(odd, regionsOf).values()].map((pairs): Found => {
    const [{ from, to, block }] = pairs as [Pair];
    const back = named.get(`${to.index} ${from.index} ${block.prefix.family}`) as Pair;
    const shown = (pair: Pair) =>
      [
        ...new Set(
          traces(network, simulation.underlay, pair.ways, pair.from.index).map((one) =>
            traceText(network, one),
          ),
        ),
      ].join(', or ');
    return {
      id: 'NE202',
      severity: 'warning',
      path: placeOf(analysis, from),
      message: `${from.name} and ${to.name} take asymmetric paths${pairs.length > 1 ? ` (${andMore(pairs.length - 1, 'pair').slice(1)} of these regions)` : ''}`,
      evidence: [shown(pairs[0] as Pair), shown(back)],
      fix: 'Make both directions cost the same: equal reflectors on both sides, backbone addresses of the same kind, one session between every pair of routers.',
    };
  });
};
