import { type Analysis, analyse, goesAsBlocks, grouped, nextMachines } from '../analysis/index.ts';
import { isUp } from '../bird/answers/protocols.ts';
import type { BgpRoute } from '../bird/answers/routes.ts';
import {
  type Fabric,
  type NodeSpeaker,
  nodeBlocks,
  type RouterSpeaker,
  sessionFilters,
  verdictOf,
} from '../fabric/index.ts';
import { contains, type Prefix, parsePrefix, valuesOf } from '../topology/address.ts';
import { narrowAllowedIPs } from './allowed-ips.ts';
import { droppedByFilter } from './dropped.ts';
import { birdc, nextCommands } from './next-command.ts';
import type { KernelRoute, PodRoutes, RouterFacts } from './router-look.ts';
import { type SeenSession, sessionsAt } from './sessions.ts';
import { asPromised, type Cause, different, type Subject, unknown, type Verdict } from './verdict.ts';

/** What several routers' routes are held against. */
export interface Ways {
  /** The machines to which a router sends packets for a node, as the simulator has it; none where it has no BGP route to it. */
  readonly next: (
    router: string,
    node: NodeSpeaker,
    family: Prefix['family'],
    prefix: string,
  ) => ReadonlySet<string>;
  /** By prefix, the node that has it: by the topology, or by the reflector that has it from the node itself. */
  readonly owners: ReadonlyMap<string, NodeSpeaker>;
  /** By address. A link-local one is nobody's in the topology. */
  readonly machines: ReadonlyMap<string, string>;
  /** Routers that traffic is kept away from. */
  readonly drained: readonly string[];
  /** Sessions that are down at one of these routers, by ID: packets may take other ways meanwhile. */
  readonly down: readonly string[];
}

export function waysTo(fabric: Fabric, seen: ReadonlyMap<string, RouterFacts | undefined>): Ways {
  // Where no router has answered, nobody asks.
  let analysis: Analysis | undefined;
  const known = new Map<string, ReadonlySet<string>>();
  const blocks = nodeBlocks(fabric);
  const areAlike = goesAsBlocks(fabric);
  const nodes = new Map(fabric.nodes.map((node) => [node.name, node]));
  const owners = new Map<string, NodeSpeaker>();
  const down = new Set<string>();
  for (const [router, facts] of seen) {
    if (facts === undefined) continue;
    const sessions = sessionsAt(fabric, router, facts, new Map());
    for (const { session, is } of sessions) if (!isUp(is)) down.add(session.id);
    if (facts.pods === undefined) continue;
    const from = new Map(sessions.map(({ is, remote }) => [is?.name, nodes.get(remote.speaker)]));
    for (const { protocol, prefix } of facts.pods.routes) {
      const node = from.get(protocol);
      if (node !== undefined) owners.set(prefix, node);
    }
  }
  for (const node of fabric.nodes) for (const { text } of node.blocks) owners.set(text, node);
  return {
    owners,
    drained: [...seen].filter(([, facts]) => facts?.drained !== undefined).map(([router]) => router),
    down: [...down].sort(),
    next: (router, node, family, prefix) => {
      // Filters may let one block take another way than the next one, and a single address too.
      if (!areAlike && !blocks.get(node.name)?.some(({ text }) => text === prefix)) return NONE;
      // A node may have many blocks.
      const key = `${router} ${node.name} ${areAlike ? family : prefix}`;
      analysis ??= analyse(fabric);
      const found = known.get(key) ?? nextMachines(analysis, router, node.name, family, prefix);
      known.set(key, found);
      return found;
    },
    machines: new Map(
      [...fabric.hosts, ...fabric.nodes, ...fabric.routers].flatMap((machine) =>
        [
          ...machine.attachments.flatMap(({ address }) => valuesOf(address)),
          ...(machine.kind === 'node' ? valuesOf(machine.address) : []),
          ...(machine.kind === 'router'
            ? [...valuesOf(machine.nodeAddress), ...valuesOf(machine.backboneAddress)]
            : []),
        ].map(({ text }) => [text, machine.name] as const),
      ),
    ),
  };
}

/** The routes to pods: what BIRD has, what the kernel made of it, and where that leads. */
export function podRouteVerdicts(
  fabric: Fabric,
  router: RouterSpeaker,
  facts: RouterFacts,
  sessions: readonly SeenSession[],
  ways: Ways,
): Verdict[] {
  const { pods, noPods } = facts;
  const about = { kind: 'router', name: router.name } as const;
  if (pods === undefined) {
    const cause = { message: noPods?.message ?? 'nobody has looked', evidence: [] };
    return [unknown({ about, kind: 'route', expected: 'a route to each block', cause })];
  }
  const byPrefix = grouped(pods.routes, ({ prefix }) => prefix);
  const kernel = pods.kernel && grouped(pods.kernel, ({ prefix }) => prefix);
  return [
    ...(kernel === undefined
      ? []
      : [...byPrefix].flatMap(([prefix, routes]) =>
          routeVerdicts(fabric, router, kernel.get(prefix) ?? [], prefix, routes, ways),
        )),
    ...missingRoutes(fabric, router, facts, sessions, ways, byPrefix),
    ...unexpectedRoutes(fabric, router, pods, byPrefix),
    ...(pods.kernel === undefined
      ? [
          unknown({
            about,
            kind: 'route',
            expected: "BIRD's routes in the kernel",
            cause: { message: pods.noKernel ?? 'nobody has looked', evidence: [] },
          }),
        ]
      : [
          ...strictFilters(fabric, router, pods, pods.kernel),
          ...narrowAllowedIPs(fabric, router, pods, pods.kernel),
        ]),
  ];
}

const NONE: ReadonlySet<string> = new Set();

type Hop = KernelRoute['hops'][number];

const hopText = ({ via, dev }: Hop, { machines }: Ways): string => {
  const machine = via === undefined ? undefined : machines.get(via);
  return `${via ?? 'directly'} on ${dev}${machine === undefined ? '' : ` (${machine})`}`;
};

const hopsText = (hops: readonly Hop[], ways: Ways): string =>
  hops.map((hop) => hopText(hop, ways)).join(', ');

const subject = (router: RouterSpeaker, name: string): Subject => ({
  kind: 'route',
  name,
  machine: router.name,
});

const ipRoute = (prefix: string): string => `ip${prefix.includes(':') ? ' -6' : ''} route show ${prefix}`;

function routeVerdicts(
  fabric: Fabric,
  router: RouterSpeaker,
  inKernel: readonly KernelRoute[],
  prefix: string,
  routes: readonly BgpRoute[],
  ways: Ways,
): Verdict[] {
  const about = subject(router, prefix);
  const next = nextCommands(fabric);
  const best = routes.find(({ isBest }) => isBest) ?? routes[0];
  // Those that lead nowhere are told by their session.
  if (best === undefined || best.kind !== 'unicast') return [];
  const unicast = inKernel.filter(({ type }) => type === 'unicast');
  if (unicast.length === 0) {
    return [
      different({
        about,
        kind: 'kernel-route-missing',
        expected: hopsText(best.hops, ways),
        found: inKernel[0] === undefined ? 'no route in the kernel' : `${inKernel[0].type} in the kernel`,
        cause: {
          message: 'BIRD has the route, and its protocol kernel does not pass it on',
          evidence: [`${best.protocol}: ${hopsText(best.hops, ways)}`],
        },
        next: next.at(router.name, ipRoute(prefix)),
      }),
    ];
  }
  // Equal routes of BIRD's are one route of the kernel with several next hops (`merge paths`).
  const known = new Set(routes.flatMap(({ hops }) => hops.map(({ via, dev }) => `${via} ${dev}`)));
  const hops = unicast.flatMap((route) => route.hops);
  const foreign = hops.filter(({ via, dev }) => !known.has(`${via} ${dev}`));
  if (foreign.length > 0) {
    return [
      different({
        about,
        kind: 'kernel-next-hop',
        expected: hopsText(best.hops, ways),
        found: hopsText(foreign, ways),
        cause: {
          message: 'the kernel has a route that is not from BIRD',
          evidence: [`BIRD: ${hopsText(best.hops, ways)}`, `kernel: ${hopsText(hops, ways)}`],
        },
        next: next.at(router.name, ipRoute(prefix)),
      }),
    ];
  }
  const owner = ways.owners.get(prefix);
  const right =
    owner === undefined ? new Set<string>() : ways.next(router.name, owner, familyOf(prefix), prefix);
  const wrong = hops.filter(({ via }) => {
    const machine = via === undefined ? undefined : ways.machines.get(via);
    return machine !== undefined && right.size > 0 && !right.has(machine);
  });
  if (wrong.length > 0) {
    const told = {
      about,
      expected: `through ${[...right].join(' or ')} to ${owner?.name}`,
      found: hopsText(wrong, ways),
      next: next.at(router.name, birdc(`show route for ${prefix} all`)),
    };
    // Traffic is meant to take other ways around a drained router, and which ones nobody has computed.
    if (ways.drained.length > 0) {
      const cause = { message: `traffic is led around ${ways.drained.join(', ')}`, evidence: [] };
      return [unknown({ ...told, kind: 'route', cause })];
    }
    return [different({ ...told, kind: 'route-next-hop', cause: detour(ways) })];
  }
  return [
    asPromised({ about, kind: 'route', expected: hopsText(best.hops, ways), found: hopsText(hops, ways) }),
  ];
}

/** What else is down, whose loss may be all that is the matter. */
const detour = ({ down }: Ways): Cause | undefined =>
  down.length === 0
    ? undefined
    : { message: 'packets take another way while a session is down', evidence: down.slice(0, MOST) };

const MOST = 5;

const familyOf = (prefix: string): Prefix['family'] => (prefix.includes(':') ? 'ipv6' : 'ipv4');

/** Blocks that the topology names, and that the router must know. */
function missingRoutes(
  fabric: Fabric,
  router: RouterSpeaker,
  facts: RouterFacts,
  sessions: readonly SeenSession[],
  ways: Ways,
  byPrefix: ReadonlyMap<string, unknown>,
): Verdict[] {
  // A session that is up and brings nothing tells that itself.
  const isMute = (node: NodeSpeaker, family: Prefix['family']): boolean =>
    sessions.some(
      ({ remote, is }) =>
        remote.speaker === node.name &&
        isUp(is, family) &&
        is?.channels.find(({ name }) => name === family)?.imported === 0,
    );
  return fabric.nodes.flatMap((node) =>
    node.blocks
      .filter(
        ({ text, family }) => !byPrefix.has(text) && ways.next(router.name, node, family, text).size > 0,
      )
      .filter((block) => !isKeptBack(fabric, node, block))
      .filter(({ family }) => !isMute(node, family))
      .map(({ text, family }) => {
        const own = sessions.find(
          ({ remote, session }) => remote.speaker === node.name && session.transport === family,
        );
        const isDown = own?.is !== undefined && own.is.bgp?.state !== 'Established';
        return different({
          about: subject(router, text),
          kind: 'route-missing',
          expected: `through ${[...ways.next(router.name, node, family, text)].join(' or ')} to ${node.name}`,
          found: 'no route',
          cause: isDown
            ? {
                message: `its session with ${node.name} is down`,
                evidence: [`BGP state: ${own.is?.bgp?.state}`],
              }
            : own?.is && droppedByFilter(facts, own.is.name, family),
          next: nextCommands(fabric).at(router.name, birdc(`show route for ${text} all`)),
        });
      }),
  );
}

/** The topology's own filters let no router of the node's region have it. */
const isKeptBack = (fabric: Fabric, node: NodeSpeaker, block: Prefix): boolean =>
  fabric.calico.filters.length > 0 &&
  (fabric.regions.find(({ name }) => name === node.region)?.routers ?? []).every(
    ({ name }) => verdictOf(sessionFilters(fabric, node, name, block.family), 'export', block) === 'Reject',
  );

/** A more specific route into the pods' range captures packets, whatever BIRD has. */
function unexpectedRoutes(
  fabric: Fabric,
  router: RouterSpeaker,
  { kernel = [] }: PodRoutes,
  byPrefix: ReadonlyMap<string, unknown>,
): Verdict[] {
  return kernel
    .filter(({ prefix, type }) => type === 'unicast' && !byPrefix.has(prefix) && isInside(fabric, prefix))
    .map((route) =>
      different({
        about: subject(router, route.prefix),
        kind: 'kernel-route-unexpected',
        expected: 'no route that BIRD does not have from BGP',
        found: route.hops.map(({ via, dev }) => `${via ?? 'directly'} on ${dev}`).join(', '),
        next: nextCommands(fabric).at(router.name, ipRoute(route.prefix)),
      }),
    );
}

function isInside(fabric: Fabric, text: string): boolean {
  const parsed = parsePrefix(text);
  return (
    parsed.ok &&
    fabric.pods.pools.some(({ cidr }) => parsed.prefix.length > cidr.length && contains(cidr, parsed.prefix))
  );
}

/** The kernel uses the larger of an interface's own value and that of `all`, which the rendered settings have at 0. Loose filtering (2) drops nothing that a route leads back to. */
function strictFilters(
  fabric: Fabric,
  router: RouterSpeaker,
  { rpFilters }: PodRoutes,
  kernel: readonly KernelRoute[],
): Verdict[] {
  const used = new Set(kernel.flatMap(({ hops }) => hops.map(({ dev }) => dev)));
  return [...rpFilters]
    .filter(([dev, value]) => value === '1' && used.has(dev))
    .map(([dev]) => {
      const key = `net.ipv4.conf.${dev}.rp_filter`;
      return different({
        about: { kind: 'sysctl', name: key, machine: router.name },
        kind: 'rp-filter',
        expected: '0',
        found: '1',
        cause: {
          message: 'packets of pods that come in there and are answered elsewhere are dropped (RFC 3704)',
          evidence: [`${key} = 1`],
        },
        next: nextCommands(fabric).at(router.name, `sudo sysctl -w ${key}=0`),
      });
    });
}
