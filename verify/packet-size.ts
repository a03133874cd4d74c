import type { Fabric } from '../fabric/index.ts';
import { nextCommands } from './next-command.ts';
import { after, hopLines, machineOf, type Reached, reached, type Sent } from './packet-ways.ts';
import type { PacketFacts } from './probe-look.ts';
import type { Cause } from './verdict.ts';

/** Where a link is narrower than what is sent: a router says so, or larger packets vanish. */
export function sizeCause(fabric: Fabric, sent: Sent, largest: number): Cause | undefined {
  const at = narrowAt(fabric, sent);
  if (at === undefined) return undefined;
  const { machine, next, segment, isSure } = at;
  const link =
    segment === undefined || !isSure
      ? `${isSure ? 'the' : 'a'} link after ${machine} carries`
      : `${segment} carries, from ${machine}${next === undefined ? '' : ` to ${next}`},`;
  const evidence = narrowEvidence(fabric, sent, largest);
  return {
    message:
      toldLast(sent) === undefined
        ? `${link} ${largest} bytes, and drops what is larger without an ICMP error, so that no sender learns of it`
        : `${link} ${largest} bytes`,
    evidence,
  };
}

/** Who says how much a link carries, or how far larger packets get; and what the topology has. */
export function narrowEvidence(fabric: Fabric, sent: Sent, largest: number): string[] {
  const at = narrowAt(fabric, sent);
  const segment = at?.isSure ? at.segment : undefined;
  const written = fabric.segments?.find(({ name }) => name === segment)?.mtu;
  const told = toldLast(sent);
  return [
    ...(told === undefined
      ? hopLines(fabric, `${sent.from}, ${largest + 1} bytes`, sent.facts)
      : [`${machineOf(fabric, told.by) ?? told.by} (${told.by}): ${told.said}`]),
    ...(written === undefined ? [] : [`the topology has ${written} for ${segment}`]),
  ];
}

/** What a router says of the narrowest link; beyond what it lets through another may be silent. */
const toldLast = ({ facts: { told, largest } }: Sent): PacketFacts['told'] =>
  told?.mtu === largest ? told : undefined;

/** The last machine that had packets which were too large. */
export function narrowAt(fabric: Fabric, sent: Sent): Reached | undefined {
  const told = toldLast(sent);
  if (told === undefined) return reached(fabric, sent, sent.facts);
  const machine = machineOf(fabric, told.by);
  return { machine: machine ?? told.by, ...after(sent.ways, machine ?? ''), isSure: true };
}

export function sizeNext(fabric: Fabric, sent: Sent): string | undefined {
  const at = narrowAt(fabric, sent);
  const isRouter = fabric.routers.some(({ name }) => name === at?.machine);
  return at !== undefined && isRouter ? nextCommands(fabric).at(at.machine, 'ip link') : undefined;
}
