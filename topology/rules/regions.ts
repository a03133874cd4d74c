import type { Draft } from '../draft.ts';
import { entries } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import { listed } from '../suggest.ts';
import { forwards } from './gateways.ts';
import { routersOf } from './symbols.ts';

/** What a region requires of its routers. */
export function regionRules(draft: Draft): Fault[] {
  const nodesIn = new Map<string, string[]>();
  for (const [name, { region }] of entries(draft.file.nodes)) {
    if (region !== undefined) nodesIn.set(region, [...(nodesIn.get(region) ?? []), name]);
  }
  return [
    ...entries(draft.file.regions).flatMap(([name]) => [
      ...eitherOr(draft, name),
      ...whereNodesPeer(draft, name),
      ...liveRouters(draft, name, nodesIn.get(name) ?? []),
    ]),
    ...defaultRouters(draft),
  ];
}

function eitherOr(draft: Draft, name: string): Fault[] {
  const path = ['regions', name];
  const { router, routers } = draft.file.regions?.[name] ?? {};
  const without = (key: string) => draft.file.regions?.[name] !== undefined && !draft.faulty(...path, key);
  if (router !== undefined && routers !== undefined) {
    const fix = 'Keep one of the two: routers accepts several, the first is the default router.';
    return [
      fault('region-router-and-routers', [...path, 'router'], 'cannot be combined with routers', fix, {
        part: 'key',
      }),
    ];
  }
  if (router === undefined && routers === undefined && without('router') && without('routers')) {
    const names = Object.keys(draft.file.routers ?? {});
    const fix = names.length === 0 ? 'Add router: <name>.' : `Add router: one of ${listed(names, 'and')}.`;
    return [fault('region-without-router', path, 'has no router', fix, { part: 'key' })];
  }
  return [];
}

/** Without this rule, a reflector without an address for nodes would silently get no BGPPeer. */
function whereNodesPeer(draft: Draft, region: string): Fault[] {
  return routersOf(draft, region).flatMap(([name, at]) => {
    const router = draft.file.routers?.[name];
    if (router === undefined || router.nodeAddress !== undefined) return [];
    if (draft.faulty('routers', name, 'nodeAddress')) return [];
    const fix = `Add nodeAddress to routers.${name}, or name another router.`;
    return fault('router-without-node-address', at, `${name} has no nodeAddress for nodes to peer with`, fix);
  });
}

function liveRouters(draft: Draft, region: string, nodes: readonly string[]): Fault[] {
  const routers = routersOf(draft, region);
  const [first] = routers;
  const planned = routers.filter(([name]) => draft.file.routers?.[name]?.planned === true);
  if (nodes.length === 0 || first === undefined || planned.length === 0) return [];
  const [name, at] = first;
  if (planned.length === routers.length) {
    const message = `${listed(
      planned.map(([one]) => one),
      'and',
    )} ${planned.length === 1 ? 'is' : 'are'} planned, but ${listed(nodes, 'and')} already ${nodes.length === 1 ? 'peers' : 'peer'} here`;
    return [
      fault(
        'region-all-planned',
        at,
        message,
        'Remove "planned: true" once the router is running, or name another.',
      ),
    ];
  }
  const stranded = nodes.filter((node) => {
    const { igp, defaultRouter } = draft.file.nodes?.[node] ?? {};
    return igp === false && defaultRouter === undefined && !draft.faulty('nodes', node, 'defaultRouter');
  });
  if (planned[0]?.[0] !== name || stranded.length === 0) return [];
  const message = `${name} is planned, but would be the default router of ${listed(stranded, 'and')}`;
  return [fault('default-router-planned', at, message, 'List a router first that is already running.')];
}

function defaultRouters(draft: Draft): Fault[] {
  return entries(draft.file.nodes).flatMap(([node, { defaultRouter }]): Fault[] => {
    if (defaultRouter === undefined) return [];
    const path = ['nodes', node, 'defaultRouter'];
    if (draft.file.routers?.[defaultRouter]?.planned === true) {
      const message = `${defaultRouter} is planned and does not forward yet`;
      return [fault('default-router-planned', path, message, 'Name a router that is already running.')];
    }
    if (forwards(draft, defaultRouter) !== false) return [];
    const fix = `Add forwards: true to hosts.${defaultRouter} if it does, or name another machine.`;
    return [fault('default-router-host', path, `${defaultRouter} is a host that does not forward`, fix)];
  });
}
