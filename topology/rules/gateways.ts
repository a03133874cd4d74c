import { contains, type IpAddress, type Prefix } from '../address.ts';
import { blockSizeOf } from '../defaults.ts';
import type { Draft } from '../draft.ts';
import { entries, has, partPath } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import type { TopologyFile } from '../schema.ts';
import { listed } from '../suggest.ts';
import { FAMILY_NAME } from './networks.ts';

/** The static routes of hosts: that Linux would accept them, and that the topology knows their next hops. */
export function gatewayRules(draft: Draft): Fault[] {
  return entries(draft.file.hosts).flatMap(([name]) => {
    const routes = routesOf(draft, name);
    return [
      ...contradiction(draft, name),
      ...repeated(routes),
      ...routes.flatMap((route) => [
        ...prefixFaults(draft, name, route),
        ...nextHopFaults(draft, name, route),
      ]),
    ];
  });
}

/** Whether a machine forwards packets of others; undefined if that is unreadable or contradictory. */
export function forwards({ file, faulty }: Draft, machine: string): boolean | undefined {
  const { hosts = {}, routers = {}, nodes = {} } = file;
  if (has(routers, machine)) return routers[machine]?.planned !== true;
  if (has(nodes, machine)) return true;
  if (faulty('hosts', machine, 'forwards') || faulty('hosts', machine, 'igp')) return undefined;
  const { igp, forwards: written } = hosts[machine] ?? {};
  return igp === true && written === false ? undefined : (written ?? igp);
}

interface Route {
  readonly to: Prefix | undefined;
  readonly via: IpAddress | undefined;
  readonly path: Path;
  /** Path of the next hop. */
  readonly viaPath: Path;
}

function routesOf(draft: Draft, name: string): Route[] {
  const { routes, default: gateway } = draft.file.hosts?.[name] ?? {};
  const path = ['hosts', name];
  return [
    ...(routes ?? []).map((route, index): Route => {
      const routePath = [...path, 'routes', index];
      return { to: route?.to, via: route?.via, path: [...routePath, 'to'], viaPath: [...routePath, 'via'] };
    }),
    ...(['ipv4', 'ipv6'] as const).flatMap((family): Route[] => {
      const via = gateway?.[family];
      if (via === undefined) return [];
      const gatewayPath = partPath(draft, [...path, 'default'], family);
      const all: Prefix =
        family === 'ipv4'
          ? { family, value: 0n, length: 0, text: '0.0.0.0/0' }
          : { family, value: 0n, length: 0, text: '::/0' };
      return [{ to: all, via, path: gatewayPath, viaPath: gatewayPath }];
    }),
  ];
}

function contradiction({ file }: Draft, name: string): Fault[] {
  const { igp, forwards: written } = file.hosts?.[name] ?? {};
  if (igp !== true || written !== false) return [];
  const message = 'contradicts igp: true: a machine that runs the IGP forwards packets of others';
  return [fault('host-forwards', ['hosts', name, 'forwards'], message, 'Remove it, or set igp: false.')];
}

/** A second route to the same prefix would replace the first, or be refused. */
function repeated(routes: readonly Route[]): Fault[] {
  const first = new Map<string, Route>();
  return routes.flatMap((route): Fault[] => {
    if (route.to === undefined) return [];
    const other = first.get(route.to.text);
    if (other === undefined) {
      first.set(route.to.text, route);
      return [];
    }
    const message = `there is already a route to ${route.to.text}`;
    return [
      fault('host-route-twice', route.path, message, 'Keep one of the two.', {
        notes: [{ path: other.path, message: 'the first route' }],
      }),
    ];
  });
}

function prefixFaults({ file }: Draft, name: string, { to, path }: Route): Fault[] {
  if (to === undefined) return [];
  const connected = entries(file.underlay?.segments).find(
    ([, { cidr, members }]) => has(members, name) && cidr?.[to.family]?.text === to.text,
  );
  if (connected !== undefined) {
    const message = `${to.text} is the range of ${connected[0]}, to which ${name} is connected`;
    return [
      fault(
        'host-route-of-segment',
        path,
        message,
        'Remove the route: the host reaches that range directly.',
      ),
    ];
  }
  const pool = [...(file.pods?.cidrs ?? []), ...(file.pods?.retiring ?? [])].find(
    (one) => one !== undefined && contains(one, to),
  );
  const size = blockSizeOf(file.pods?.blockSize as TopologyFile['pods']['blockSize'], to.family);
  if (pool === undefined || to.length <= size) return [];
  const message = `${to.text} is part of a pod block, which is a /${size}`;
  return [fault('host-route-inside-block', path, message, `Write the whole block, or a range of blocks.`)];
}

/** The next hop must be a machine that forwards, on a segment of the host. */
function nextHopFaults(draft: Draft, name: string, { to, via, viaPath }: Route): Fault[] {
  if (via === undefined || draft.faulty('underlay')) return [];
  if (to !== undefined && to.family !== via.family) {
    const message = `${via.text} is ${FAMILY_NAME[via.family]}, but the route is to ${FAMILY_NAME[to.family]}`;
    return [fault('host-route-family', viaPath, message, 'Use a next hop of the same family.')];
  }
  const near = entries(draft.file.underlay?.segments).filter(
    ([, { members, cidr }]) =>
      members?.[name]?.[via.family] !== undefined && cidr?.[via.family] !== undefined,
  );
  const wrong = (message: string, fix: string) => [fault('host-route-via', viaPath, message, fix)];
  const [segment, { members = {} } = {}] =
    near.find(([, { cidr }]) => contains(cidr?.[via.family] as Prefix, via)) ?? [];
  if (segment === undefined) {
    const names = near.map(([one]) => one);
    const where = names.length === 0 ? 'it has none' : `it is on ${listed(names, 'and')}`;
    return wrong(
      `${via.text} is not on any segment of ${name}`,
      `Write an address on a segment of ${name}: ${where}.`,
    );
  }
  const owner = entries(members).find(([, addresses]) => addresses[via.family]?.text === via.text)?.[0];
  if (owner === undefined) {
    // An unreadable member may be the next hop.
    if (entries(members).length < Object.keys(members).length) return [];
    return wrong(
      `no machine has the address ${via.text} on ${segment}`,
      `Correct the address, or add the machine to underlay.segments.${segment}.members; if it is not a router or node, also under hosts.`,
    );
  }
  if (owner === name) return wrong(`${via.text} is ${name} itself`, 'Write the address of the next machine.');
  if (forwards(draft, owner) !== false) return [];
  const isHost = has(draft.file.hosts, owner);
  return wrong(
    isHost ? `${owner} is a host that does not forward` : `${owner} is planned and does not forward yet`,
    isHost
      ? `Add forwards: true to hosts.${owner} if it does, or name another machine.`
      : 'Name a machine that is already running.',
  );
}
