import { grouped } from '../analysis/index.ts';
import type { Fabric, NodeSpeaker, RouterSpeaker, TransitHost } from '../fabric/index.ts';
import { valuesOf } from '../topology/address.ts';
import { listed } from '../topology/suggest.ts';
import { type ByHand, type Change, nameOf, type Rule } from './by-hand-change.ts';

/** In addition to the old address, which the neighbours use until they have the new one. */
export const newAddresses: Rule = ({ routers }) =>
  routers.stay.flatMap(([was, is]): ByHand[] => {
    const more = addressesOf(is).filter((one) => !addressesOf(was).includes(one));
    return more.length === 0
      ? []
      : [
          {
            when: 'before the merge',
            action: `add ${more.join(' and ')} to it`,
            machines: [is.name],
            reason: 'noencap configures no interface',
          },
        ];
  });

export const oldAddresses: Rule = ({ routers }) =>
  routers.stay.flatMap(([was, is]): ByHand[] => {
    const less = addressesOf(was).filter((one) => !addressesOf(is).includes(one));
    return less.length === 0
      ? []
      : [
          {
            when: 'after shipping',
            action: `take ${less.join(' and ')} off`,
            machines: [is.name],
            reason: 'no peer uses it any more',
          },
        ];
  });

/** A node swaps its address once the routers know the new one. */
export const nodeAddresses: Rule = ({ nodes }) =>
  nodes.stay.flatMap(([was, is]): ByHand[] => {
    const [had, has] = [addressesOf(was), addressesOf(is)];
    const [more, less] = [has.filter((one) => !had.includes(one)), had.filter((one) => !has.includes(one))];
    if (more.length + less.length === 0) return [];
    const action = [
      ...(more.length === 0 ? [] : [`give it ${more.join(' and ')}`]),
      ...(less.length === 0 ? [] : [`take ${less.join(' and ')} off`]),
    ].join(', ');
    return [
      { when: 'after shipping', action, machines: [is.name], reason: 'noencap configures no interface' },
    ];
  });

export const ospf: Rule = ({ before, after }) => {
  const machines = ({ nodes, hosts }: Fabric) => [...nodes, ...hosts].filter(({ igp }) => igp).map(nameOf);
  const had = new Set(machines(before));
  return [
    {
      when: 'before the merge',
      action: 'run OSPF on it',
      machines: machines(after.fabric).filter((name) => !had.has(name)),
      reason: 'noencap configures the IGP only on standalone routers',
    },
  ];
};

export const wider: Rule = (change) => links(change, (was, is) => is > was, 'before the merge');

export const narrower: Rule = (change) => links(change, (was, is) => is < was, 'after shipping');

/** Segments whose cost changes: set it on machines whose OSPF noencap does not render. */
export function costs({ before, after }: Change): ByHand[] {
  const had = new Map((before.segments ?? []).map(({ name, cost }) => [name, cost]));
  const { routers, nodes, hosts } = after.fabric;
  const igpMachines = new Set([
    ...routers.filter(({ bird, planned }) => bird.mode === 'include' && !planned).map(nameOf),
    ...[...nodes, ...hosts].filter(({ igp }) => igp).map(nameOf),
  ]);
  return (after.fabric.segments ?? [])
    .filter(({ name, cost }) => had.has(name) && had.get(name) !== cost)
    .map(({ name, cost, members }) => ({
      when: 'before the merge',
      action: `set the cost of its interface on ${name} to ${cost}`,
      machines: members.map(({ machine }) => machine).filter((machine) => igpMachines.has(machine)),
      reason: 'noencap configures the IGP only on standalone routers',
    }));
}

/** Interfaces whose MTU changes, be it the segment's or their own: somebody must set it. */
function links(
  { before, after }: Change,
  isMeant: (was: number, is: number) => boolean,
  when: ByHand['when'],
): ByHand[] {
  const had = new Map(
    (before.segments ?? []).map(({ name, members }) => [
      name,
      new Map(members.map(({ machine, mtu }) => [machine, mtu])),
    ]),
  );
  return (after.fabric.segments ?? []).flatMap(({ name, members }): ByHand[] => {
    const others = members.filter(({ machine, mtu }) => {
      const was = had.get(name)?.get(machine);
      return was !== undefined && isMeant(was, mtu);
    });
    return [...grouped(others, ({ mtu }) => String(mtu))].map(([mtu, ports]) => ({
      when,
      action: `set the MTU of its interface on ${name} to ${mtu}`,
      machines: ports.map(({ machine }) => machine),
      reason: 'noencap configures no interface',
    }));
  });
}

/** A gateway's static routes: new ones must exist before anybody uses them, old ones go when nobody does. */
export const newRoutes: Rule = (change) => gatewayRoutes(change, 'add', 'before the merge');
export const oldRoutes: Rule = (change) => gatewayRoutes(change, 'remove', 'after shipping');

function gatewayRoutes({ before, after }: Change, verb: 'add' | 'remove', when: ByHand['when']): ByHand[] {
  const routesOf = ({ routes }: TransitHost): string[] =>
    routes.map(({ prefix, via }) => `${prefix.text} via ${via.text}`);
  const had = new Map(before.hosts.map((host) => [host.name, routesOf(host)]));
  return after.fabric.hosts.flatMap((host): ByHand[] => {
    const [was, is] = [had.get(host.name) ?? [], routesOf(host)];
    const others =
      verb === 'add' ? is.filter((one) => !was.includes(one)) : was.filter((one) => !is.includes(one));
    if (others.length === 0) return [];
    const routes = `${others.length === 1 ? 'the route' : 'the routes'} ${listed(others, 'and')}`;
    return [
      { when, action: `${verb} ${routes}`, machines: [host.name], reason: 'noencap configures no gateway' },
    ];
  });
}

/** All of a machine's addresses, each once. */
function addressesOf(machine: RouterSpeaker | NodeSpeaker): string[] {
  const own = machine.kind === 'node' ? [machine.address] : [machine.nodeAddress, machine.backboneAddress];
  return [
    ...new Set(
      [...own, ...machine.attachments.map(({ address }) => address)]
        .flatMap(valuesOf)
        .map(({ text }) => text),
    ),
  ];
}
