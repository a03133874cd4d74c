import { compareAddresses, type Family, type IpAddress } from '../topology/address.ts';
import type { Attachment } from './fabric.ts';

/** A segment shared by two machines: the attachment of the first, and of the second. */
export interface Meeting {
  readonly own: Attachment;
  readonly other: Attachment;
}

/**
 * The segment over which one machine talks to another in a family, among all that they share: the one that contains the first of `talking`, the
 * addresses that they use, in order of weight; otherwise the one with the lowest cost, then the largest MTU, then the lowest address.
 * Never by the name of a segment: a name must not decide where packets go.
 */
export function meetingOf(
  own: readonly Attachment[],
  others: readonly Attachment[],
  family: Family,
  talking: readonly (IpAddress | undefined)[],
): Meeting | undefined {
  const bySegment = new Map(others.map((other) => [other.segment, other]));
  const rank = ({ own: { address }, other }: Meeting): number => {
    const here = [address[family]?.text, other.address[family]?.text];
    const at = talking.findIndex((one) => one !== undefined && here.includes(one.text));
    return at < 0 ? talking.length : at;
  };
  return own
    .flatMap((one): Meeting[] => {
      const other = bySegment.get(one.segment);
      const isShared = one.address[family] !== undefined && other?.address[family] !== undefined;
      return isShared ? [{ own: one, other }] : [];
    })
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        a.own.cost - b.own.cost ||
        Math.min(b.own.mtu, b.other.mtu) - Math.min(a.own.mtu, a.other.mtu) ||
        compareAddresses(a.own.cidr[family] as IpAddress, b.own.cidr[family] as IpAddress),
    )[0];
}
