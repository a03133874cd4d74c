import { LEAST_IPV6_MTU } from '../address.ts';
import type { Draft } from '../draft.ts';
import { entries } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import { podFamiliesOf } from './networks.ts';

export function mtuRules(draft: Draft): Fault[] {
  const { pods, underlay } = draft.file;
  const podMtu = pods?.mtu;
  const fix = `Write ${LEAST_IPV6_MTU} or more, the minimum MTU of IPv6.`;
  return [
    ...(typeof podMtu === 'number' && podMtu < LEAST_IPV6_MTU && podFamiliesOf(draft)?.includes('ipv6')
      ? [fault('mtu-ipv6', ['pods', 'mtu'], `${podMtu} is too small for IPv6 pods`, fix)]
      : []),
    ...entries(underlay?.segments).flatMap(([name, segment]) => memberFaults(draft, name, segment)),
    ...entries(underlay?.segments).flatMap(([name, { mtu, cidr }]) =>
      mtu !== undefined && mtu < LEAST_IPV6_MTU && cidr?.ipv6 !== undefined
        ? fault(
            'mtu-ipv6',
            ['underlay', 'segments', name, 'mtu'],
            `${mtu} is too small for ${cidr.ipv6.text}`,
            fix,
          )
        : [],
    ),
  ];
}

type Segments = NonNullable<NonNullable<Draft['file']['underlay']>['segments']>;

function memberFaults(
  draft: Draft,
  name: string,
  { memberMtu, members, cidr }: NonNullable<Segments[string]>,
): Fault[] {
  const path = ['underlay', 'segments', name];
  return entries(memberMtu).flatMap(([machine, mtu]): Fault[] => {
    if (members !== undefined && !draft.faulty(...path, 'members') && !Object.hasOwn(members, machine)) {
      const message = `${machine} is not a member of ${name}`;
      const fix = `Add it under ${path.join('.')}.members, or remove its MTU.`;
      return [fault('mtu-not-member', [...path, 'memberMtu', machine], message, fix, { part: 'key' })];
    }
    return mtu < LEAST_IPV6_MTU && cidr?.ipv6 !== undefined
      ? [
          fault(
            'mtu-ipv6',
            [...path, 'memberMtu', machine],
            `${mtu} is too small for ${cidr.ipv6.text}`,
            `Write ${LEAST_IPV6_MTU} or more, the minimum MTU of IPv6.`,
          ),
        ]
      : [];
  });
}
