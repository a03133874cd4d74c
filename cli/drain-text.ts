import type { ChangedPair } from '../analysis/index.ts';
import { type Drained, drainedText, type Fabric, type RouterSpeaker } from '../fabric/index.ts';
import type { Maintenance } from '../lab/index.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { passedText, type StateDelivery, type Traffic } from './drain-delivery.ts';
import { losses, unsureLoss, WORST } from './rehearse.ts';
import { shippedText } from './ship-report.ts';
import { counted, type Terminal } from './terminal.ts';

export interface DrainStory {
  readonly fabric: Fabric;
  readonly router: RouterSpeaker;
  readonly cutOff: readonly ChangedPair[];
  readonly stays: readonly string[];
  readonly rehearsal?: Maintenance | undefined;
  readonly delivery: StateDelivery;
  readonly mark: Drained;
  readonly flows?: Traffic | undefined;
  readonly isCheck: boolean;
}

/** What was found, what was done, and what one may do now. */
export function drainText(story: DrainStory, terminal: Terminal): string {
  const { fabric, router, cutOff, stays, rehearsal, delivery, flows } = story;
  const { result } = delivery;
  if (!['shipped', 'unchanged', 'ready'].includes(result.outcome)) {
    return shippedText([result], story.isCheck, terminal);
  }
  return [
    ...(result.fault === null ? [] : [shippedText([result], true, terminal)]),
    `${fabric.name}: ${router.name}`,
    ...row('cut off', cutOff.length === 0 ? ['no pod, while it is away'] : cutOff.map(cutOffLine)),
    ...(rehearsal === undefined ? [] : row('rehearsal', rehearsalLines(rehearsal))),
    ...row('stays', stays.length === 0 ? ['nothing'] : stays),
    ...(flows === undefined ? [] : row('traffic', flowLines(flows, router))),
    lastWord(story),
  ]
    .map(printable)
    .join('\n');
}

export function undrainText({ result, drained }: StateDelivery, terminal: Terminal): string {
  const { router, outcome } = result;
  if (outcome === 'shipped')
    return printable(
      `${router} is back: it was ${drained === undefined ? 'drained' : drainedText(drained)}.`,
    );
  if (outcome === 'unchanged')
    return printable(`${router} is not drained: it has the delivered configuration.`);
  return shippedText([result], false, terminal);
}

function lastWord({ router: { name }, delivery, mark, flows, isCheck }: DrainStory): string {
  const { drained } = delivery;
  if (isCheck && drained === undefined) return `${name} can be drained: ${NOENCAP} drain ${name}.`;
  const state = drainedText(drained ?? mark);
  if (flows === undefined) return `${name} is ${state}.`;
  if (flows.isStill) return `${name} is ${state}, and can go. Afterwards: ${NOENCAP} undrain ${name}.`;
  return `${name} is ${state}, but ${flows.isKnown ? 'still passes packets on' : 'whether it still passes packets on is unknown'}. To let traffic back: ${NOENCAP} undrain ${name}.`;
}

const row = (name: string, lines: readonly string[]): string[] =>
  lines.map((line, index) => `  ${(index === 0 ? name : '').padEnd(9)}  ${line}`);

export const cutOffLine = ({ from, to, prefix, pairs, becomes }: ChangedPair): string =>
  `${from} to ${to} (${prefix}): ${becomes}${pairs > 1 ? `, and ${counted(pairs - 1, 'pair')} like it` : ''}`;

function rehearsalLines({ parts, passedOn }: Maintenance): string[] {
  const all = losses({ pairs: parts.flatMap(({ pairs }) => pairs) });
  return [
    `${parts.map(({ part }) => part).join(', ')}: ${all.sent} packets sent, ${all.lost} lost`,
    ...(all.unsure === 0 ? [] : [unsureLoss(all.unsure)]),
    passedOn === 0
      ? 'drained, it passes nothing on'
      : `drained, it still passes packets on: ${passedOn} in a second`,
  ];
}

/** Losses of pairs that have another way: a line for each of the worst. */
export function rehearsalLoss({ parts }: Maintenance, cutOff: readonly ChangedPair[]): string[] {
  const expected = new Set(cutOff.flatMap(({ from, to }) => [`${from} ${to}`, `${to} ${from}`]));
  const lines = parts.flatMap(({ part, pairs }) =>
    losses({ pairs })
      .lossy.filter(({ from, to }) => !expected.has(`${from} ${to}`))
      .map(
        ({ from, to, lost, sent, gap }) =>
          `${part}: ${from} to ${to}, ${lost} of ${sent} lost, ${gap} ms in a row`,
      ),
  );
  return lines.length > WORST ? [...lines.slice(0, WORST), `and ${lines.length - WORST} more`] : lines;
}

/** Nobody reads more interfaces than this. */
const MOST = 3;

function flowLines({ passed, why }: Traffic, router: RouterSpeaker): string[] {
  if (passed === undefined) return [`unknown: ${why}`];
  const isQuiet = [...passed.packets.values()].every((count) => count === 0);
  if (isQuiet) return [passedText(passed)];
  const busiest = passed.interfaces.slice(0, MOST);
  const target = router.ssh.host ?? router.name;
  return [
    passedText(passed),
    ...busiest.map(
      ({ name, received, sent }) => `${name}: ${received} received, ${sent} sent, its own among them`,
    ),
    ...(busiest[0] === undefined ? [] : [`next: ssh ${target} tcpdump -nc 20 -i ${busiest[0].name}`]),
  ];
}
