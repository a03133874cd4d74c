import type { IpAddress, Prefix } from '../address.ts';
import { addressBits, contains, FAMILIES } from '../address.ts';
import type { Draft } from '../draft.ts';
import { entries, partPath } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import { FAMILY_NAME } from './networks.ts';

/** An address on a segment must be usable by a machine. */
export const segmentRules = (draft: Draft): Fault[] => [...members(draft), ...ownAddresses(draft)];

/** Addresses that routers and nodes peer from may be off-segment; on one, they must not be its network or broadcast address. */
function ownAddresses(draft: Draft): Fault[] {
  const { nodes, routers, underlay } = draft.file;
  const ranges = entries(underlay?.segments).flatMap(([, { cidr }]) => cidr?.ipv4 ?? []);
  const check = (path: Path, address: IpAddress | undefined): Fault[] => {
    const range = address && ranges.find((one) => reserved(one, address) !== undefined);
    return address === undefined || range === undefined ? [] : reservedFault(range, address, path);
  };
  return [
    ...entries(routers).flatMap(([name, router]) =>
      (['nodeAddress', 'backboneAddress'] as const).flatMap((key) =>
        check(partPath(draft, ['routers', name, key], 'ipv4'), router[key]?.ipv4),
      ),
    ),
    ...entries(nodes).flatMap(([name, { address }]) =>
      check(partPath(draft, ['nodes', name, 'address'], 'ipv4'), address?.ipv4),
    ),
  ];
}

function members(draft: Draft): Fault[] {
  return entries(draft.file.underlay?.segments).flatMap(([segment, { cidr, members }]) =>
    cidr === undefined
      ? []
      : entries(members).flatMap(([machine, addresses]) =>
          FAMILIES.flatMap((family): Fault[] => {
            const address = addresses[family];
            if (address === undefined) return [];
            const path = ['underlay', 'segments', segment, 'members', machine];
            return memberFault(segment, cidr[family], address, partPath(draft, path, family));
          }),
        ),
  );
}

function memberFault(segment: string, cidr: Prefix | undefined, address: IpAddress, path: Path): Fault[] {
  const family = FAMILY_NAME[address.family];
  if (cidr === undefined) {
    const message = `${address.text} is ${family}, but ${segment} has no ${family} range`;
    const fix = 'Add one (cidr may be a pair {ipv4: ..., ipv6: ...}), or remove the address.';
    return [fault('member-family', path, message, fix)];
  }
  if (!contains(cidr, address)) {
    const message = `${address.text} is outside ${cidr.text}, the range of ${segment}`;
    return [fault('member-outside', path, message, 'Correct the address or the range.')];
  }
  return reservedFault(cidr, address, path);
}

function reservedFault(cidr: Prefix, address: IpAddress, path: Path): Fault[] {
  const what = reserved(cidr, address);
  if (what === undefined) return [];
  const message = `${address.text} is the ${what} address of ${cidr.text}`;
  return [fault('member-reserved', path, message, 'Use an address between the first and the last.')];
}

/** IPv4 only, and not on point-to-point links (RFC 3021). */
function reserved(cidr: Prefix, address: IpAddress): 'network' | 'broadcast' | undefined {
  if (cidr.family === 'ipv6' || cidr.length > 30 || !contains(cidr, address)) return undefined;
  if (address.value === cidr.value) return 'network';
  const last = cidr.value + (1n << BigInt(addressBits('ipv4') - cidr.length)) - 1n;
  return address.value === last ? 'broadcast' : undefined;
}
