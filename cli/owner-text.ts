import type { Owner } from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { printable } from '../topology/foreign.ts';
import type { Body } from './documents/index.ts';
import type { Terminal } from './terminal.ts';

/** Who has an address or a block, in a few lines. */
export function ownerText(
  { pods }: Fabric,
  asked: string,
  { block, holder, isBorrowed }: Owner,
  { bold }: Terminal['colour'],
): string {
  // An address that no pool has is a machine's own.
  if (block === undefined && holder?.node !== undefined && holder.pod === undefined)
    return `${bold(asked)}\n  used   by ${printable(holder.node)} itself`;
  const isAsked = pods.allocation !== undefined;
  return [
    bold(asked),
    `  block  ${block === undefined ? 'none: no node has it' : blockText(block)}`,
    ...(asked.includes('/')
      ? []
      : [`  used   ${holderText(holder, isAsked)}${isBorrowed ? ', a borrowed address' : ''}`]),
  ].join('\n');
}

function blockText({ prefix, node, nodeIs, assumed }: NonNullable<Owner['block']>): string {
  const of = node === undefined ? 'nobody any more' : printable(node);
  const but =
    nodeIs === 'gone'
      ? ', which is gone: nobody announces it'
      : nodeIs === 'not in the topology'
        ? ', which the topology does not have'
        : '';
  return `${prefix}${assumed ? ' (assumed)' : ''} of ${of}${but}`;
}

function holderText(holder: Owner['holder'], isAsked: boolean): string {
  if (!isAsked) return 'unknown: ask the cluster with --live';
  if (holder === undefined) return 'by nobody';
  const { pod, node, isThere, isKnown } = holder;
  const what = pod === undefined ? 'no pod' : `pod ${printable(pod)}`;
  const where =
    node === undefined ? '' : ` on ${printable(node)}${isKnown ? '' : ', which the topology does not have'}`;
  if (isThere === true)
    return pod === undefined ? `by ${printable(node ?? 'something')} itself, no pod` : `by ${what}${where}`;
  const why = isThere === undefined ? 'its pods could not be read' : 'there is no such pod';
  return `by nobody that is seen: Calico has it marked for ${what}${where}, and ${why}`;
}

export const ownerAsJson = ({ block, holder, isBorrowed }: Owner): NonNullable<Body<'explain'>['owner']> => ({
  ...(block === undefined ? {} : { block }),
  ...(holder === undefined
    ? {}
    : { holder: { node: holder.node, pod: holder.pod, isThere: holder.isThere } }),
  isBorrowed,
});
