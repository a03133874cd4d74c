import { isAwaited } from '../../fabric/index.ts';
import { type Analysis, placeOf } from '../analysis.ts';
import { type Check, type Found, grouped, someLines, someOf } from '../finding.ts';
import type { Link, Machine } from '../simulator/model.ts';
import { machineOf } from '../simulator/spf.ts';

/** NE406: a session that never comes up, judged only by what the underlay describes. */
export const sessionDown: Check = (analysis) => {
  const { network, simulation } = analysis;
  if (!network.hasUnderlay) return [];
  const down = network.links.filter((link) => link.index % 2 === 0 && !simulation.isUp(link.sessionIndex));
  return [...grouped(down, (link) => String(blamed(analysis, link).index)).values()].map((links): Found => {
    const [link] = links as [Link];
    const about = blamed(analysis, link);
    const peer = network.machines[about.index === link.machine ? link.peer : link.machine] as Machine;
    const isStray = about.ports.length === 0;
    const ends = [link, network.links[link.other] as Link].flatMap((one) => endOf(analysis, one));
    const others = links.length > 1 ? ` and ${links.length - 1} more` : '';
    return {
      id: 'NE406',
      severity: isStray ? 'warning' : 'error',
      path: placeOf(analysis, about),
      message: isStray
        ? `${about.name} is on no segment, so its path to ${peer.name}${others} is unknown`
        : `${about.name} peers with ${peer.name}${others}, but has no path there`,
      evidence: [
        ...someLines(
          links.map(
            ({ session }) =>
              `session ${session.id}: ${session.ends.map(({ address }) => address.text).join(' with ')}`,
          ),
        ),
        ...(isStray ? [] : ends.map(({ text }) => text)),
      ],
      fix: fixFor(ends[0]?.last),
    };
  });
};

/** Where a packet between the ends of a session stops. */
interface End {
  readonly text: string;
  readonly last: Machine;
}

function endOf({ network, simulation }: Analysis, link: Link): End[] {
  const { underlay } = simulation;
  const visited = [link.machine];
  let why = 'no route';
  for (let at = link.machine; at !== link.peer; at = visited.at(-1) as number) {
    const [hop] = underlay.way(at, link.peerAddress).hops;
    if (hop === undefined) break;
    const next = machineOf(network, hop);
    if (!underlay.answers(at, hop)) why = 'nobody answers';
    else if (visited.includes(next)) why = 'loops';
    else {
      visited.push(next);
      continue;
    }
    break;
  }
  const last = network.machines[visited.at(-1) as number] as Machine;
  if (last.index === link.peer) return [];
  const names = visited.map((machine) => network.machines[machine]?.name).join(' > ');
  const to = network.addresses[link.peerAddress]?.address.text;
  return [{ text: `${network.machines[link.machine]?.name} to ${to}: ${names} (${why})`, last }];
}

/** A node on segments without a route beyond them: its default router is on none of these. */
export const hasNoDefault = (machine: Machine | undefined): boolean =>
  machine?.kind === 'node' &&
  machine.igp.length === 0 &&
  machine.defaults.length === 0 &&
  machine.ports.length > 0;

export const DEFAULT_ROUTER =
  'Set its defaultRouter to a forwarding machine on one of its segments: a router, or a host with forwards: true.';

/** The fix for the machine at which the path ends. */
function fixFor(last: Machine | undefined): string {
  if (last?.kind === 'host') {
    return `Give ${last.name} the route (hosts.${last.name}.routes), or let it run the IGP (igp: true).`;
  }
  if (hasNoDefault(last)) return DEFAULT_ROUTER;
  return 'Add the segments that connect them under underlay.segments, with addresses of that family; a gateway between them must run the IGP (igp: true).';
}

/** The end that is on no segment, else the node, else the second router. */
export function blamed({ network }: Analysis, link: Link): Machine {
  const [a, b] = [network.machines[link.machine] as Machine, network.machines[link.peer] as Machine];
  return [a, b].find(({ ports }) => ports.length === 0) ?? [b, a].find(({ kind }) => kind === 'node') ?? b;
}

/** NE206: a router that could reflect, but that no region lists. */
export const reflectorWithoutClients: Check = ({ fabric }) =>
  fabric.routers
    .filter(({ planned, nodeAddress }) => !planned && Object.keys(nodeAddress).length > 0)
    .filter(({ name }) =>
      fabric.regions.every(({ routers }) => routers.every((router) => router.name !== name)),
    )
    .map((router) => ({
      id: 'NE206',
      severity: 'info',
      path: router.path,
      message: `${router.name} has a nodeAddress but reflects for no region`,
      evidence: ['no node has a session with it'],
      fix: 'List it among the routers of a region, or remove its nodeAddress.',
    }));

/** NE206: a router without a peer, such as a site's gateway: noencap would configure it, although it learns no pod routes. */
export const routerWithoutSession: Check = ({ fabric }) => {
  const speaking = new Set(fabric.sessions.flatMap(({ ends }) => ends.map(({ speaker }) => speaker)));
  return fabric.routers
    .filter(({ name, planned, nodeAddress }) => {
      return !planned && Object.keys(nodeAddress).length === 0 && !speaking.has(name);
    })
    .map((router) => ({
      id: 'NE206',
      severity: 'info',
      path: router.path,
      message: `${router.name} has no BGP session`,
      evidence: [
        'noencap still renders a configuration for its BIRD, and ship delivers it',
        'it has no routes to pods: packets to pods that reach it are lost',
      ],
      fix: 'If noencap should not configure this gateway, move it to hosts with forwards: true or igp: true; otherwise give it a backboneAddress.',
    }));
};

/**
 * NE207: a reflector that loses its session with a node still learns its blocks from the other one, if the two have a session. BIRD
 * checks the CLUSTER_LIST only on sessions with clients, so this also holds for reflectors with the same cluster ID.
 */
export const reflectorsApart: Check = ({ fabric }) => {
  const joined = new Set(
    fabric.sessions
      .filter(({ kind }) => kind === 'backbone')
      .map(({ ends }) => ends.map(({ speaker }) => speaker).join(' ')),
  );
  return fabric.regions.flatMap((region) => {
    const live = region.routers.filter(({ planned }) => !planned);
    return live.flatMap((a, index) =>
      live
        .slice(index + 1)
        .filter((b) => !joined.has(`${a.name} ${b.name}`) && !joined.has(`${b.name} ${a.name}`))
        .map((b) => ({
          id: 'NE207',
          severity: 'warning' as const,
          path: b.path,
          message: `${a.name} and ${b.name} reflect for ${region.name} but have no session with each other`,
          evidence: [
            ...(a.clusterId.value === b.clusterId.value
              ? [`both have the cluster ID ${a.clusterId.text}: BIRD would still accept the other's routes`]
              : []),
            `a node that loses its session with ${a.name} is unknown to it: packets for that node that arrive there are dropped`,
          ],
          fix: 'Give both a backboneAddress, and add their pair if bgp.backboneMesh is a list.',
        })),
    );
  });
};

/** NE407: some BGPFilters never see a route. */
export const filterOnNothing: Check = ({ fabric }) =>
  fabric.calico.filters.flatMap((filter) => {
    const idle = filter.routers.filter(
      (router) =>
        !fabric.peerings.some(
          (peering) =>
            peering.router === router &&
            fabric.nodes.some(
              (node) => node.region === peering.region && node.address[peering.family] !== undefined,
            ),
        ),
    );
    if (idle.length === 0) return [];
    return [
      {
        id: 'NE407',
        severity: 'warning' as const,
        path: [...filter.path, 'routers'],
        message: `filter ${filter.name} is attached only to BGPPeers that select no node: ${someOf(idle)}`,
        evidence: idle.map((router) =>
          fabric.regions.some((region) =>
            region.routers.some((one) => one.name === router && isAwaited(region, one)),
          )
            ? `${router} is planned, and has no BGPPeer because nodes would wait for it`
            : fabric.peerings.some((peering) => peering.router === router)
              ? `the regions of ${router} have no nodes`
              : `${router} is not the router of any region`,
        ),
        fix: 'Name routers of regions that have nodes, or remove the filter.',
      },
    ];
  });
