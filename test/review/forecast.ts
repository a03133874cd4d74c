import fc from 'fast-check';
import { analyse } from '../../analysis/index.ts';
import { render } from '../../cli/render.ts';
import { usualWaves } from '../../delivery/rollout.ts';
import { findPrograms, rehearse } from '../../lab/index.ts';
import { wholeIn } from '../../review/class-pairs.ts';
import { firstToGet, NO_TRUST_FILES, type Review, review, type State } from '../../review/index.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

/** A random network, and what somebody makes of it. */
export interface Trial {
  readonly base: TopologyInput;
  readonly does: keyof typeof CHANGES;
}

const bgp =
  (change: (now: NonNullable<TopologyInput['bgp']>) => TopologyInput['bgp']) =>
  (base: TopologyInput): TopologyInput => ({ ...base, bgp: { ...base.bgp, ...change(base.bgp ?? {}) } });

const CHANGES = {
  'another hold time': bgp(() => ({ holdTime: 9 })),
  'the mesh on or off': bgp(({ nodeToNodeMesh }) => ({ nodeToNodeMesh: nodeToNodeMesh === false })),
  'the other rule for next hops': bgp(({ reflectorNextHop }) => ({
    reflectorNextHop: reflectorNextHop === 'self' ? 'keep' : 'self',
  })),
  'no graceful restart': bgp(() => ({ gracefulRestart: false })),
  'another cluster ID of one router': (base: TopologyInput): TopologyInput => {
    const [[name, router] = []] = Object.entries(base.routers ?? {});
    return name === undefined
      ? base
      : { ...base, routers: { ...base.routers, [name]: { ...router, clusterId: '10.7.7.7' } as never } };
  },
};

/**
 * Two regions that are well, each with one reflector or two: in a lab that never comes to what must be, each look would wait until its time
 * is up.
 */
const arbitraryBase = (): fc.Arbitrary<TopologyInput> =>
  fc
    .record({
      nodeToNodeMesh: fc.boolean(),
      reflectorNextHop: fc.constantFrom('keep', 'self'),
      version: fc.constantFrom('v3.31.7', 'v3.32.1'),
      east: fc.constantFrom(['e1'], ['e1', 'e2'], ['e2', 'e1']),
      west: fc.constantFrom(['w1'], ['w1', 'w2'], ['w2', 'w1']),
      cost: fc.constantFrom(1, 10, 20),
    })
    .map(({ nodeToNodeMesh, reflectorNextHop, version, east, west, cost }): TopologyInput => {
      const base = redundant({ bgp: { nodeToNodeMesh, reflectorNextHop, holdTime: 6 }, calico: { version } });
      const { 'west-lan': lan, core, ...others } = base.underlay?.segments ?? {};
      return {
        ...base,
        regions: { east: { routers: [...east] }, west: { routers: [...west] } },
        routers: {
          ...base.routers,
          w2: { routerId: '10.0.0.4', nodeAddress: '192.168.2.2', backboneAddress: '10.0.0.4' },
        },
        underlay: {
          segments: {
            ...others,
            'west-lan': { ...lan, members: { ...lan?.members, w2: '192.168.2.2' } } as never,
            core: { ...core, cost, members: { ...core?.members, w2: '172.16.0.4' } } as never,
          },
        },
      };
    });

const arbitraryTrial = (): fc.Arbitrary<Trial> =>
  fc.record({
    base: arbitraryBase(),
    does: fc.constantFrom(...(Object.keys(CHANGES) as Trial['does'][])),
  });

/** The first trials of a seed. */
export const trialsOf = (seed: number, runs: number): Trial[] =>
  fc.sample(arbitraryTrial(), { seed, numRuns: runs });

/** Milliseconds: see test/lifecycle. */
const BLIP = 200;

/** Makes the change in a lab, and returns everything in which that is not what `noencap diff` foretells. */
export async function differences({ base, does }: Trial): Promise<string[]> {
  const programs = findPrograms('.');
  if ('says' in programs) throw new Error(`${programs.says}. ${programs.mend}`);
  const [before, after] = [state(base), state(CHANGES[does](base))];
  const told = review(before, after, { accepted: false, rehearsal: null, notes: [] });
  const first = firstToGet(before.fabric, after.fabric);
  const steps = {
    base: before.fabric,
    fabric: after.fabric,
    first,
    waves: usualWaves,
    routerFiles,
    programs,
  };
  const result = await rehearse(steps);
  if ('says' in result) throw new Error(`${result.says}. ${result.mend}`);
  const [was, is] = [before, after].map(({ fabric }) => wholeIn(analyse(fabric)));
  const lossy = result.pairs.filter(
    ({ from, to, gap }) => gap > BLIP && was?.(from, to) === true && is?.(from, to) === true,
  );
  return [
    ...sessionDifferences(told, result.sessions),
    ...(foretold(told)
      ? []
      : lossy.map(
          ({ from, to, gap }) => `${from} to ${to} loses packets for ${gap} ms, of which nothing is foretold`,
        )),
  ];
}

/** Whether packets are said to get lost while the change is made. */
const foretold = ({ interruptions, order }: Review): boolean =>
  order.first === 'apart' || interruptions.some(({ lost }) => lost > 0);

function sessionDifferences(
  { sessions: { changed } }: Review,
  seen: readonly { readonly id: string; readonly became: string }[],
): string[] {
  const expected = new Map(changed.map(({ id, became }) => [id, became === 'reloaded' ? 'kept' : became]));
  return seen
    .map(({ id, became }) => ({ id, became, foretold: expected.get(id) ?? 'kept' }))
    .filter((one) => one.became !== one.foretold)
    .map((one) => `${one.id} is ${one.became}, not ${one.foretold}`);
}

function state(topology: TopologyInput): State {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  return { name: '', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => '' };
}
