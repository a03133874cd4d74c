import type { IpAddress, Prefix } from '../address.ts';
import { addressBits, contains, FAMILIES } from '../address.ts';
import type { Draft } from '../draft.ts';
import { entries, partPath } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import { FAMILY_NAME } from './networks.ts';

/** A member's address is one that a machine on the segment can have. */
export function segmentRules(draft: Draft): Fault[] {
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
    const says = `${address.text} is ${family}, and ${segment} has no ${family} range`;
    const mend = 'Add one: cidr may be a pair {ipv4: ..., ipv6: ...}. Or remove the address.';
    return [fault('member-family', path, says, mend)];
  }
  if (!contains(cidr, address)) {
    const says = `${address.text} is outside ${cidr.text}, the range of ${segment}`;
    return [fault('member-outside', path, says, 'Correct the address or the range.')];
  }
  const what = reserved(cidr, address);
  if (what === undefined) return [];
  const says = `${address.text} is the ${what} address of ${cidr.text}`;
  return [fault('member-reserved', path, says, 'Use an address between the first and the last.')];
}

/** IPv4 only, and not on point-to-point links (RFC 3021). */
function reserved(cidr: Prefix, address: IpAddress): 'network' | 'broadcast' | undefined {
  if (cidr.family === 'ipv6' || cidr.length > 30) return undefined;
  if (address.value === cidr.value) return 'network';
  const last = cidr.value + (1n << BigInt(addressBits('ipv4') - cidr.length)) - 1n;
  return address.value === last ? 'broadcast' : undefined;
}
