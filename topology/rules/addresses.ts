import type { IpAddress, PerFamily, Prefix } from '../address.ts';
import { contains, FAMILIES } from '../address.ts';
import type { Draft } from '../draft.ts';
import { entries, partPath } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import { machineNames } from './machines.ts';
import { networkOverlaps } from './networks.ts';

/** Every underlay address belongs to one machine, and none is inside a pod or service range. */
export function addressRules(draft: Draft): Fault[] {
  const all = addressesOf(draft);
  return [...ofTwoMachines(all), ...insideClusterRanges(draft, all)];
}

interface Used {
  readonly address: IpAddress;
  readonly machine: string;
  readonly path: Path;
}

/** A machine may use one address in several roles: a router's nodeAddress is usually also its address on a segment. */
function ofTwoMachines(all: readonly Used[]): Fault[] {
  const owner = new Map<string, Used>();
  const spoken = new Set<string>();
  return all.flatMap((used): Fault[] => {
    const { address, machine, path } = used;
    const other = owner.get(address.text);
    if (other === undefined) owner.set(address.text, used);
    if (other === undefined || other.machine === machine) return [];
    // The same two machines collide wherever this address is used: report it once.
    const key = `${address.text} ${machine}`;
    if (spoken.has(key)) return [];
    spoken.add(key);
    const message = `${address.text} is also an address of ${other.machine}`;
    return [
      fault('address-twice', path, message, 'Give each machine an address of its own.', {
        notes: [{ path: other.path, message: 'first used here' }],
      }),
    ];
  });
}

/** A segment that overlaps the pods has its own fault; its addresses get no further one. */
function insideClusterRanges(draft: Draft, all: readonly Used[]): Fault[] {
  const ranges = (['pods', 'services'] as const).flatMap((section) =>
    [
      ...(draft.file[section]?.cidrs ?? []),
      ...(section === 'pods' ? (draft.file.pods?.retiring ?? []) : []),
    ].flatMap((prefix) => (prefix === undefined ? [] : [{ section, prefix }])),
  );
  const inside = all.flatMap((used) => {
    const range = ranges.find(({ prefix }) => contains(prefix, used.address));
    return range === undefined ? [] : [{ ...used, ...range }];
  });
  if (inside.length === 0) return [];
  const overlapping: Prefix[] = networkOverlaps(draft).flatMap((pair) =>
    pair.filter(({ kind }) => kind === 'segment').map(({ prefix }) => prefix),
  );
  const spoken = new Set<string>();
  return inside.flatMap(({ address, machine, path, section, prefix }) => {
    const key = `${address.text} ${machine}`;
    if (spoken.has(key) || overlapping.some((segment) => contains(segment, address))) return [];
    spoken.add(key);
    const message = `${address.text} is inside ${prefix.text}, a ${section.slice(0, -1)} range`;
    return fault('address-in-cluster-range', path, message, `Use an address outside it: ${REASON[section]}.`);
  });
}

const REASON = {
  pods: 'nodes would treat the machine as a pod',
  services: 'nodes would treat it as a service',
} as const;

function addressesOf(draft: Draft): Used[] {
  const { nodes, routers, underlay } = draft.file;
  const machines = machineNames(draft);
  const used = (machine: string, path: Path, value: PerFamily<IpAddress> | undefined): Used[] =>
    FAMILIES.flatMap((family) => {
      const address = value?.[family];
      return address === undefined ? [] : [{ machine, address, path: partPath(draft, path, family) }];
    });
  return [
    ...entries(routers).flatMap(([name, { nodeAddress, backboneAddress }]) => [
      ...used(name, ['routers', name, 'nodeAddress'], nodeAddress),
      ...used(name, ['routers', name, 'backboneAddress'], backboneAddress),
    ]),
    ...entries(nodes).flatMap(([name, { address }]) => used(name, ['nodes', name, 'address'], address)),
    // A member that is not a machine has its own fault: it is a misspelt name.
    ...entries(underlay?.segments).flatMap(([segment, { members }]) =>
      entries(members)
        .filter(([machine]) => machines?.has(machine) ?? true)
        .flatMap(([machine, address]) =>
          used(machine, ['underlay', 'segments', segment, 'members', machine], address),
        ),
    ),
  ];
}
