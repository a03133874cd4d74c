import { analyse, isWhole } from '../../analysis/index.ts';
import type { Fabric } from '../../fabric/index.ts';
import { bootLab, converged, findPrograms, probe } from '../../lab/index.ts';
import { halfDelivered } from '../../review/half-delivered.ts';
import { routerFiles } from '../../routers/index.ts';
import { abreast } from '../abreast.ts';
import { fabricOf } from '../fabric-of.ts';
import { atRest } from '../lab/at-rest.ts';
import { scenario } from '../lab/labs.ts';
import { orders } from './orders.ts';

/** After one of two deliveries: the routers have one state, the cluster the other. */
interface Between {
  readonly name: string;
  readonly routersAs: Fabric;
  readonly clusterAs: Fabric;
}

const states = orders.flatMap(({ name, base, head }): Between[] => {
  const [before, after] = [fabricOf(base), fabricOf(head)];
  return [
    { name: `${name}, the routers first`, routersAs: after, clusterAs: before },
    { name: `${name}, the cluster first`, routersAs: before, clusterAs: after },
  ];
});

scenario('between two deliveries real BIRD loses what the order predicts', () => {
  const boots = abreast(states, 3, (state) => silent(state, unanswered(state)));
  test.each(states)('$name', async (state) => expect(await boots.get(state)).toEqual(unanswered(state)));
});

/** Pairs whose pings get no answer with real BIRD, once they match the expected ones, or for good. */
async function silent({ routersAs, clusterAs }: Between, expected: readonly string[]): Promise<string[]> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
  const lab = await bootLab({
    fabric: clusterAs,
    routerFiles: filesOf(routersAs),
    programs,
    change: atRest,
  });
  if ('message' in lab) throw new Error(`${lab.message}. ${lab.fix}`);
  try {
    const deadline = performance.now() + 120_000;
    for (;;) {
      // What is missing then stays missing: a lab needs about ten seconds to have everything, more on a busy machine.
      await converged(lab, { patience: 10_000 });
      const probed = await probe(lab);
      const found = probed
        .filter(({ reached, isLossy }) => !reached || isLossy)
        .map(({ pair }) => `${pair.from} ${pair.to}`);
      if (found.join() === expected.join() || performance.now() > deadline) return found;
    }
  } finally {
    await lab.holder.end();
  }
}

/** The lab's routers are standalone and have the lab's interfaces; everything else comes from the other state. */
const filesOf =
  (state: Fabric) =>
  ({ routers }: Fabric): ReadonlyMap<string, string> => {
    const inLab = new Map(routers.map((router) => [router.name, router]));
    const own = state.routers.map((router) => {
      const { bird, attachments } = inLab.get(router.name) ?? router;
      return { ...router, bird, attachments };
    });
    return routerFiles({ ...state, routers: own });
  };

/** Pairs for which a packet or its answer is lost in the simulator. */
function unanswered({ routersAs, clusterAs }: Between): string[] {
  const { pairs } = analyse(halfDelivered(routersAs, clusterAs));
  const lost = pairs.filter(({ fate }) => !isWhole(fate));
  const both = lost.flatMap(({ from, to }) => [`${from.name} ${to.name}`, `${to.name} ${from.name}`]);
  return [...new Set(both)].sort();
}
