import type { Fabric } from '../fabric/index.ts';
import { printable } from '../topology/foreign.ts';
import { NOENCAP } from '../topology/own-command.ts';
import type { MtuReport, NarrowLink } from '../verify/index.ts';
import type { Terminal } from './terminal.ts';

/** A number of the topology that was changed. */
export interface Edit {
  readonly path: string;
  readonly before: number;
  readonly after: number;
}

interface ToSay {
  readonly fabric: Fabric;
  readonly report: MtuReport;
  readonly left: string | undefined;
  readonly edits: readonly Edit[];
  readonly topology: string;
}

/** What passes between each pair, which links are narrower, and what pods may send. */
export function mtuText(
  { fabric, report, left, edits, topology }: ToSay,
  colour: Terminal['colour'],
): string {
  const { pairs, links, unknown, pods } = report;
  const lines = [
    colour.bold('packets between nodes'),
    ...pairs.map(({ from, to, family, found, written }) => {
      const beside = written === undefined || written === found ? '' : `, ${written} in the topology`;
      return `  ${from} to ${to}/${family}: ${found} bytes${beside}`;
    }),
    ...links.flatMap((link) => [
      `  ${colour.red('narrower')} ${linkText(link)}`,
      ...link.evidence.map((line) => `    ${printable(line)}`),
    ]),
    ...unknown.flatMap(({ about, message, evidence }) => [
      `  ${colour.yellow('unknown')} ${printable(`${about}: ${message}`)}`,
      ...evidence.map((line) => `    ${printable(line)}`),
    ]),
    ...(left === undefined ? [] : [`  ${colour.red('left')} ${printable(left)}`]),
    '',
    `${fabric.name}: ${podsText(pods)}`,
    ...edits.map(({ path, before, after }) => `${topology}: ${path} is ${after} now, not ${before}`),
    ...(edits.length === 0 ? [] : [`Run ${NOENCAP} synth, and deliver what changes.`]),
  ];
  return lines.join('\n');
}

function linkText({ segment, from, to, found, written, isSilent }: NarrowLink): string {
  const where = to === undefined ? `from ${from}` : `from ${from} to ${to}`;
  const what = segment === undefined ? `a link after ${from}` : `${segment} ${where}`;
  const beside = written === undefined ? '' : `, ${written} in the topology`;
  return `${what}: ${found} bytes${beside}${isSilent ? '; larger packets are dropped without an ICMP error' : ''}`;
}

function podsText({ now, proposed, reason }: MtuReport['pods']): string {
  const has = now === undefined ? 'pods.mtu is not set' : `pods.mtu is ${now}`;
  return proposed === undefined ? `${has}: ${reason}.` : `${has}. Set it to ${proposed}: ${reason}.`;
}
