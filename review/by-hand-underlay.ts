import type { Fabric, NodeSpeaker, RouterSpeaker } from '../fabric/index.ts';
import { valuesOf } from '../topology/address.ts';
import { type ByHand, type Change, nameOf, type Rule } from './by-hand-change.ts';

/** Beside the old address, which the neighbours know until they have the new one. */
export const newAddresses: Rule = ({ routers }) =>
  routers.stay.flatMap(([was, is]): ByHand[] => {
    const more = addressesOf(is).filter((one) => !addressesOf(was).includes(one));
    return more.length === 0
      ? []
      : [
          {
            when: 'before the merge',
            does: `give it ${more.join(' and ')} beside what it has`,
            on: [is.name],
            because: 'noencap configures no interface',
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
            does: `take ${less.join(' and ')} off`,
            on: [is.name],
            because: 'nobody speaks to it there any more',
          },
        ];
  });

/** A node takes its new address in place of the old one, when the routers know it. */
export const nodeAddresses: Rule = ({ nodes }) =>
  nodes.stay.flatMap(([was, is]): ByHand[] => {
    const [had, has] = [addressesOf(was), addressesOf(is)];
    const [more, less] = [has.filter((one) => !had.includes(one)), had.filter((one) => !has.includes(one))];
    if (more.length + less.length === 0) return [];
    const does = [
      ...(more.length === 0 ? [] : [`give it ${more.join(' and ')}`]),
      ...(less.length === 0 ? [] : [`take ${less.join(' and ')} off`]),
    ].join(', ');
    return [{ when: 'after shipping', does, on: [is.name], because: 'noencap configures no interface' }];
  });

export const ospf: Rule = ({ before, after }) => {
  const machines = ({ nodes, hosts }: Fabric) => [...nodes, ...hosts].filter(({ igp }) => igp).map(nameOf);
  const had = new Set(machines(before));
  return [
    {
      when: 'before the merge',
      does: 'run OSPF on it',
      on: machines(after.fabric).filter((name) => !had.has(name)),
      because: 'noencap configures the IGP of standalone routers only',
    },
  ];
};

export const wider: Rule = (change) => links(change, (was, is) => is > was, 'before the merge');

export const narrower: Rule = (change) => links(change, (was, is) => is < was, 'after shipping');

/** Segments whose cost is another: whose OSPF is not ours must be told. */
export function costs({ before, after }: Change): ByHand[] {
  const had = new Map((before.segments ?? []).map(({ name, cost }) => [name, cost]));
  const { routers, nodes, hosts } = after.fabric;
  const own = new Set([
    ...routers.filter(({ bird, planned }) => bird.mode === 'include' && !planned).map(nameOf),
    ...[...nodes, ...hosts].filter(({ igp }) => igp).map(nameOf),
  ]);
  return (after.fabric.segments ?? [])
    .filter(({ name, cost }) => had.has(name) && had.get(name) !== cost)
    .map(({ name, cost, members }) => ({
      when: 'before the merge',
      does: `set the cost of its interface on ${name} to ${cost}`,
      on: members.map(({ machine }) => machine).filter((machine) => own.has(machine)),
      because: 'noencap configures the IGP of standalone routers only',
    }));
}

/** Segments whose MTU is another: it is a fact about interfaces, which somebody sets. */
function links(
  { before, after }: Change,
  isMeant: (was: number, is: number) => boolean,
  when: ByHand['when'],
): ByHand[] {
  const had = new Map((before.segments ?? []).map(({ name, mtu }) => [name, mtu]));
  return (after.fabric.segments ?? []).flatMap(({ name, mtu, members }): ByHand[] => {
    const was = had.get(name);
    if (was === undefined || !isMeant(was, mtu)) return [];
    return [
      {
        when,
        does: `set the MTU of its interface on ${name} to ${mtu}`,
        on: members.map(({ machine }) => machine),
        because: 'noencap configures no interface',
      },
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
