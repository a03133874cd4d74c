import { isDeepStrictEqual } from 'node:util';
import { type Fabric, meshSessions, nodeBlocks } from '../../fabric/index.ts';
import type { Prefix } from '../../topology/address.ts';
import type { BgpRoute, Expectation, Network, OfFamily, Reach, RouteTo } from './network.ts';
import { turnsOf, type Way, waysTo } from './ways.ts';
import type { Look, Pair, World } from './world.ts';

/** The claim of a sentence: how a look differs from it and, once it does not, how packets do. */
interface Claim {
  readonly seen: (look: Look) => readonly string[];
  readonly tried?: (look: Look) => Promise<readonly string[]>;
}

/** A network for playing scenarios. */
export interface Stage extends Network {
  /** Checks again, at one moment, everything that was said since the last failure. */
  settle(): Promise<void>;
  /** Forgets what was said, and repairs what failed. */
  clear(): Promise<void>;
}

/** Milliseconds between two looks. */
const POLL = 300;

/** The network that a world answers for. */
export function networkIn(world: World): Stage {
  const { fabric } = world;
  const facts = factsOf(fabric);
  const failed = new Set<string>();
  let said: { claim: Claim; stack: string }[] = [];

  /** `stack` was captured at the sentence, so that an error points to it. */
  const hold = async (claim: Claim, stack: string): Promise<void> => {
    const deadline = performance.now() + world.patience;
    for (;;) {
      const look = await world.look();
      const seen = claim.seen(look);
      const otherwise = seen.length > 0 ? seen : ((await claim.tried?.(look)) ?? []);
      if (otherwise.length === 0) return;
      if (performance.now() >= deadline) {
        const error = new Error([`In ${world.name}:`, ...otherwise].join('\n  '));
        error.stack = `Error: ${error.message}\n${stack}`;
        throw error;
      }
      await new Promise((done) => setTimeout(done, POLL));
    }
  };
  const say = async (claim: Claim): Promise<void> => {
    const frames = new Error().stack?.split('\n').slice(1) ?? [];
    const stack = frames.filter((frame) => !frame.includes('/sentences.ts')).join('\n');
    await hold(claim, stack);
    said.push({ claim, stack });
  };
  // What held early may no longer hold.
  const settle = async (): Promise<void> => {
    const stage = said;
    said = [];
    const [last] = stage.slice(-1);
    if (last === undefined) return;
    await hold({ seen: (look) => stage.flatMap(({ claim }) => claim.seen(look)) }, last.stack);
  };
  const clear = async (): Promise<void> => {
    said = [];
    if (failed.size === 0) return;
    failed.clear();
    await world.fix();
  };
  const claims = claimsOf(world, facts, (name) => failed.has(name));
  return {
    expect: (machine): Expectation => ({
      routeTo: (node, route) => say(claims.routeTo(facts.machine(machine), node, route)),
      hasNoRouteTo: (node, of) => say(claims.hasNoRouteTo(facts.machine(machine), node, of)),
      reaches: (node, how) => say(claims.reaches(machine, node, how)),
      doesNotReach: (node, of) => say(claims.doesNotReach(machine, node, of)),
      mayLoopTo: (node, of) => say(claims.mayLoopTo(machine, node, of)),
    }),
    expectSession(id) {
      const session = facts.session(id);
      const is = (wanted: boolean): Claim => ({
        seen: (look) =>
          look
            .isUp(session)
            .flatMap((isUp, end) =>
              isUp === wanted ? [] : [`${id} is ${isUp ? 'up' : 'down'} at ${session.ends[end]?.speaker}`],
            ),
      });
      return { up: () => say(is(true)), down: () => say(is(false)) };
    },
    async fail(failing) {
      facts.failing(failing.name);
      await settle();
      failed.add(failing.name);
      await world.fail(failing);
    },
    async fix() {
      await settle();
      await clear();
    },
    settle,
    clear,
  };
}

/** What a sentence names must exist: a misspelt name fails the scenario instead of counting as a machine without routes. */
function factsOf(fabric: Fabric) {
  const sessions = new Map([...fabric.sessions, ...meshSessions(fabric)].map((one) => [one.id, one]));
  const machines = new Set([...fabric.routers, ...fabric.nodes, ...fabric.hosts].map(({ name }) => name));
  const segments = new Set(fabric.segments?.map(({ name }) => name));
  const blocks = nodeBlocks(fabric);
  const known = <T>(found: T | undefined, name: string): T => {
    if (found === undefined) throw new Error(`the network has no ${name}`);
    return found;
  };
  return {
    session: (id: string) => known(sessions.get(id), id),
    machine: (name: string) => known(machines.has(name) ? name : undefined, name),
    failing: (name: string) =>
      known(machines.has(name) || segments.has(name) || sessions.has(name) ? name : undefined, name),
    /** Of the family asked for, or of each family of the pods. */
    blocks(node: string, { family }: OfFamily = {}): readonly Prefix[] {
      const own = known(blocks.get(node), node).filter(
        (one) => family === undefined || one.family === family,
      );
      return known(own.length > 0 ? own : undefined, `${family ?? ''} block of ${node}`);
    },
  };
}

function claimsOf(world: World, facts: ReturnType<typeof factsOf>, isGone: (name: string) => boolean) {
  const all = (node: string, of: OfFamily | undefined, claim: (block: Prefix) => Claim): Claim => {
    const each = facts.blocks(node, of).map(claim);
    return {
      seen: (look) => each.flatMap(({ seen }) => seen(look)),
      async tried(look) {
        const otherwise: string[] = [];
        // One after the other: a lab has a single place for the results of its probes.
        for (const { tried } of each) otherwise.push(...((await tried?.(look)) ?? []));
        return otherwise;
      },
    };
  };
  const mtuOf = new Map(world.fabric.segments?.map(({ name, mtu }) => [name, mtu]));
  const pairOf = (from: string, to: string, { family }: Prefix): Pair => ({ from, to, family });
  const ways = (look: Look, from: string, node: string, block: Prefix): Way[] =>
    waysTo(look, from, { block, node }, isGone);
  const both = (look: Look, from: string, node: string, block: Prefix): readonly [Way[], Way[]] => {
    const [back] = facts.blocks(from, block);
    return [ways(look, from, node, block), back === undefined ? [] : ways(look, node, from, back)];
  };

  return {
    routeTo: (machine: string, node: string, route: RouteTo): Claim =>
      all(node, route, (block) => ({
        seen: (look) => {
          const otherwise = routeOtherwise(look, machine, block, route);
          const has = () => look.routes(machine, block).map((one) => `  it has: ${told(one)}`);
          return otherwise.length === 0
            ? []
            : [...otherwise.map((one) => `${machine} to ${node} (${block.text}): ${one}`), ...has()];
        },
      })),

    hasNoRouteTo: (machine: string, node: string, of?: OfFamily): Claim =>
      all(node, of, (block) => ({
        seen(look) {
          const { by, hops } = look.forwarding(machine, block);
          const routes = look.routes(machine, block);
          const inKernel =
            by === 'no route' || by === 'default route' ? [] : [`${by} ${namesOf(hops).join(' and ')}`];
          return [...routes.map(told), ...inKernel].map(
            (one) => `${machine} has a route to ${node} (${block.text}): ${one}`,
          );
        },
      })),

    reaches: (from: string, node: string, how: Reach = {}): Claim =>
      all(node, how, (block) => {
        const who = `${from} to ${node} (${block.family})`;
        const pair = pairOf(from, node, block);
        return {
          seen(look) {
            const [there, back] = both(look, from, node, block);
            return [
              ...lost(who, there),
              ...lost(`${node} back to ${from} (${block.family})`, back),
              ...wayOtherwise(who, there, how),
              ...sizeOtherwise(who, [there, back], mtuOf, how),
            ];
          },
          async tried(look) {
            const [there] = both(look, from, node, block);
            const { answered, path, turns } = await world.send(pair);
            const isTurning = there.some((way) => turnsOf(way).length > 0);
            return [
              ...(answered === 'always' ? [] : [`${who}: is answered ${answered}`]),
              ...(path === undefined || there.some((way) => isAlong(way, path))
                ? []
                : [
                    `${who}: the packet went ${arrows(path)}, the tables lead ${there.map(shown).join(' or ')}`,
                  ]),
              ...(turns === undefined || turns === isTurning
                ? []
                : [`${who}: ${turns ? 'turns' : 'does not turn'} around, says ${world.name} itself`]),
              ...(answered === 'always' && how.mtu !== undefined
                ? await sizesOtherwise(world, who, pair, how.mtu)
                : []),
            ];
          },
        };
      }),

    doesNotReach: (from: string, node: string, of?: OfFamily): Claim =>
      all(node, of, (block) => ({
        seen(look) {
          const arrive = both(look, from, node, block).map((some) =>
            some.filter(({ ends }) => ends === 'arrives'),
          );
          return arrive.every((some) => some.length > 0)
            ? [`${from} to ${node} (${block.family}): arrives by ${arrive.flat().map(shown).join(' and ')}`]
            : [];
        },
        async tried() {
          const { answered } = await world.send(pairOf(from, node, block));
          return answered === 'never'
            ? []
            : [`${from} to ${node} (${block.family}): is answered ${answered}`];
        },
      })),

    mayLoopTo: (
      from: string,
      node: string,
      { between, ...of }: OfFamily & { between: readonly string[] },
    ): Claim =>
      all(node, of, (block) => ({
        seen(look) {
          const there = ways(look, from, node, block);
          const isWanted = ({ ends, machines }: Way) =>
            ends === 'loops' && sameSet(machines.slice(machines.indexOf(machines.at(-1) ?? '')), between);
          return there.some(isWanted) && there.some(({ ends }) => ends === 'arrives')
            ? []
            : [`${from} to ${node} (${block.family}): leads ${there.map(shown).join(' or ')}`];
        },
      })),
  };
}

function routeOtherwise(
  look: Look,
  machine: string,
  block: Prefix,
  { nextHops, metric, best, others }: RouteTo,
): string[] {
  const routes = look.routes(machine, block);
  const kernel = look.forwarding(machine, block);
  const found = namesOf(kernel.hops);
  const rest = routes.filter(({ isBest }) => !isBest);
  const isThere = kernel.by === 'bgp' || kernel.by === 'unreachable route';
  return [
    ...(isThere ? [] : [`its kernel goes by: ${kernel.by}`]),
    ...(nextHops === undefined || sameSet(found, nextHops)
      ? []
      : [`next hops are ${found.join(' and ') || 'none'}, not ${nextHops.join(' and ') || 'none'}`]),
    ...(metric === undefined || kernel.metric === metric
      ? []
      : [`the metric is ${kernel.metric}, not ${metric}`]),
    ...(best === undefined || routes.some((route) => route.isBest && fits(route, best))
      ? []
      : [`the best route is not ${told(best)}`]),
    ...(others === undefined || isMatching(rest, others)
      ? []
      : [`the other routes are not ${others.map(told).join('; ') || 'none'}`]),
  ];
}

const fits = (route: BgpRoute, wanted: Partial<BgpRoute>): boolean =>
  Object.entries(wanted).every(([name, value]) => isDeepStrictEqual(route[name as keyof BgpRoute], value));

/** Whether each route can be matched with a different wanted one. */
function isMatching(routes: readonly BgpRoute[], wanted: readonly Partial<BgpRoute>[]): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined || routes.length !== wanted.length) return routes.length === wanted.length;
  return routes.some(
    (route, index) =>
      fits(route, first) &&
      isMatching(
        routes.filter((_, other) => other !== index),
        rest,
      ),
  );
}

const lost = (who: string, ways: readonly Way[]): string[] =>
  ways.filter(({ ends }) => ends !== 'arrives').map((way) => `${who}: ${way.ends}, ${shown(way)}`);

function wayOtherwise(who: string, ways: readonly Way[], { by, turnsAt }: Reach): string[] {
  const wanted = by === undefined ? undefined : (isOneWay(by) ? [by] : by).map(arrows);
  const found = [...new Set(ways.map(({ machines }) => arrows(machines)))];
  const turns = [...new Set(ways.flatMap(turnsOf))];
  return [
    ...(wanted === undefined || sameSet(found, wanted)
      ? []
      : [`${who}: goes ${found.join(' or ')}, not ${wanted.join(' or ')}`]),
    ...(turnsAt === undefined || sameSet(turns, turnsAt)
      ? []
      : [`${who}: turns around at ${turns.join(', ') || 'nobody'}, not ${turnsAt.join(', ') || 'nobody'}`]),
  ];
}

const isOneWay = (by: NonNullable<Reach['by']>): by is readonly string[] => typeof by[0] === 'string';

function sizeOtherwise(
  who: string,
  directions: readonly (readonly Way[])[],
  mtuOf: ReadonlyMap<string, number>,
  { mtu }: Reach,
): string[] {
  if (mtu === undefined) return [];
  const least = ({ segments }: Way) => Math.min(...segments.map((segment) => mtuOf.get(segment) ?? 0));
  const found = directions.map((ways) => [...new Set(ways.map(least))]);
  if (found.some((mtus) => mtus.length > 1)) return [`${who}: the MTU depends on the way`];
  const whole = Math.min(...found.flat());
  return whole === mtu ? [] : [`${who}: the MTU is ${whole}, not ${mtu}`];
}

async function sizesOtherwise(world: World, who: string, pair: Pair, mtu: number): Promise<string[]> {
  return [
    ...((await world.fits(pair, mtu)) ? [] : [`${who}: packets of ${mtu} bytes are not answered`]),
    ...((await world.fits(pair, mtu + 1)) ? [`${who}: packets of ${mtu + 1} bytes are answered`] : []),
  ];
}

/** Whether a packet that these machines saw took that path. A machine without a route back to the pod is silent: the trace ends there. */
const isAlong = ({ machines }: Way, path: readonly string[]): boolean =>
  path.slice(0, -1).every((machine, index) => machine === machines[index]) &&
  machines.includes(path.at(-1) ?? '');

const sameSet = (some: readonly string[], others: readonly string[]): boolean =>
  isDeepStrictEqual(new Set(some), new Set(others));

const arrows = (machines: readonly string[]): string => machines.join(' > ');

const shown = ({ machines, ends }: Way): string =>
  `${arrows(machines)}${ends === 'arrives' ? '' : ` (${ends})`}`;

const namesOf = (hops: readonly { readonly to: string | undefined }[]): string[] => [
  ...new Set(hops.map(({ to }) => to ?? 'nobody')),
];

const told = ({ from, nextHop, resolved, localPref, originator, clusters }: Partial<BgpRoute>): string =>
  [
    from === undefined ? [] : `from ${from}`,
    nextHop === undefined ? [] : `next hop ${nextHop}`,
    resolved === undefined ? [] : resolved ? [] : 'unresolved',
    localPref === undefined ? [] : `LOCAL_PREF ${localPref}`,
    originator === undefined || originator === '' ? [] : `originator ${originator}`,
    clusters === undefined ? [] : `clusters ${clusters.join(' ') || 'none'}`,
  ]
    .flat()
    .join(', ');
