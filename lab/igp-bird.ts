import { type Attachment, routerIdText } from '../fabric/index.ts';
import { addressBits, compareAddresses, type Family, type IpAddress, valuesOf } from '../topology/address.ts';
import { hostFolder } from './model.ts';

/** A machine that also runs the IGP. */
export interface IgpMachine {
  readonly name: string;
  readonly attachments: readonly Attachment[];
  /** Its addresses on no segment, which the IGP announces. */
  readonly loopback: readonly IpAddress[];
  readonly routerId: IpAddress | undefined;
}

/** The kernel table of a machine's IGP. */
const IGP_TABLE = 100;

/**
 * Turns the output of `ip -o monitor route` for the IGP's table into commands for `ip -batch` that copy its routes to the main table, as
 * routes of "proto ospf": there Calico's BIRD learns them, as it would those of any IGP that is not BIRD.
 */
export const MIRROR = `/ table ${IGP_TABLE}/!d
s/ table ${IGP_TABLE}//
s/proto bird/proto ospf/
s/ linkdown//g
s/[\\\t]/ /g
t split
:split
s/^Deleted /route del /
t
s/^/route replace /
`;

/**
 * OSPF of a node or a host, which belongs to the operator and does not concern noencap: only the lab needs one. It uses
 * a separate kernel table, since Calico's BIRD takes all routes of "proto bird" in the main table for its own
 * leftovers.
 */
export function igpBird({ name, attachments, loopback, routerId }: IgpMachine): string {
  const onSegments = attachments.flatMap(({ address }) => valuesOf(address));
  // The lowest one, as BIRD's own default.
  const id = routerId ?? onSegments.filter(({ family }) => family === 'ipv4').sort(compareAddresses)[0];
  const families = (['ipv4', 'ipv6'] as const).filter(
    (family) =>
      onSegments.some((one) => one.family === family) || loopback.some((one) => one.family === family),
  );
  return [
    `log "${hostFolder(name)}/igp.log" all;`,
    `router id ${routerIdText(name, id)};`,
    'protocol device { }',
    'protocol direct { ipv4; ipv6; check link yes; interface -"cali*", "*"; }',
    ...families.flatMap((family) => [kernel(family), ospf(family, attachments, loopback)]),
    '',
  ].join('\n');
}

const kernel = (family: Family): string =>
  `protocol kernel { ${family} { import none; export where source != RTS_DEVICE; }; kernel table ${IGP_TABLE}; merge paths on; }`;

function ospf(family: Family, attachments: readonly Attachment[], loopback: readonly IpAddress[]): string {
  const stubs = loopback
    .filter((address) => address.family === family)
    .map((address) => `stubnet ${address.text}/${addressBits(family)} { cost 0; };`);
  const interfaces = attachments
    .filter(({ igp }) => igp.includes(family))
    .map(
      (attachment) =>
        `interface "${attachment.interface}" { cost ${attachment.cost}; hello 1; retransmit 2; dead 4; wait 2; };`,
    );
  return `protocol ospf ${family === 'ipv4' ? 'v2' : 'v3'} {
  ${family} { import all; export none; };
  area 0 { ${[...stubs, ...interfaces].join(' ')} };
}`;
}
