import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Fabric, withAllocation } from '../fabric/index.ts';
import { readAtMost, whyUnreadable } from '../machine/index.ts';
import { printable } from '../topology/foreign.ts';
import { blocksIn, blocksText, type TakenBlocks } from './blocks-file.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { faultOf, printFaults, type Refusal, refusalText, refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

export interface BlocksOptions {
  readonly topology: string;
  /** Ask the cluster. */
  readonly live?: boolean;
  /** Of this context of the kubeconfig, in place of the current one. */
  readonly context?: string;
  /** The file to keep its answer in, or without `live` the one to read. */
  readonly blocks?: string;
}

export type WithBlocks =
  | { readonly code: ExitCode }
  | { readonly fabric: Fabric; readonly taken: Pick<TakenBlocks, 'context' | 'takenAt'> | undefined };

/** The fabric with the blocks that a cluster has, where the options ask for them; otherwise the fabric as it is. */
export async function withAskedBlocks(
  fabric: Fabric,
  options: BlocksOptions,
  terminal: Terminal,
): Promise<WithBlocks> {
  const { live, blocks } = options;
  if (live !== true && options.context !== undefined) {
    const message = '--context says which cluster is asked, and nothing asks one';
    return { code: refuse({ code: 'usage', message, fix: 'Add --live, or leave --context out.' }, terminal) };
  }
  if (live !== true && blocks === undefined) return { fabric, taken: undefined };
  const taken =
    live === true ? await fromCluster(fabric, options, terminal) : fromFile(blocks ?? '', terminal);
  if ('code' in taken) return taken;
  const { network, context, takenAt, allocation } = taken;
  const isForeign =
    allocation.nodes.length > 0 && fabric.nodes.every(({ name }) => !allocation.nodes.includes(name));
  if (network === fabric.name && !isForeign)
    return { fabric: withAllocation(fabric, allocation), taken: { context, takenAt } };
  const what = live === true ? `context ${context}` : `${blocks}, of context ${context}`;
  const wrong =
    network === fabric.name
      ? `has no node of ${fabric.name}`
      : `is of network ${network}, not of ${fabric.name}`;
  const fix =
    live === true
      ? 'Choose the cluster of this topology: --context NAME.'
      : 'Take the blocks of this cluster: --live.';
  return {
    code: refuse({ code: 'cluster-refused', message: `${what}, ${wrong}`, fix }, terminal, EXIT.doesNotHold),
  };
}

async function fromCluster(
  fabric: Fabric,
  { topology, context, blocks }: BlocksOptions,
  terminal: Terminal,
): Promise<TakenBlocks | { readonly code: ExitCode }> {
  // Only a run that is told to asks a cluster.
  const [{ lookAtAddresses }, { allocationIn, nextAfterUnread, unreadText }] = await Promise.all([
    import('../live/cluster/index.ts'),
    import('../verify/index.ts'),
  ]);
  const look = await lookAtAddresses({ context });
  const { allocation, unread } = allocationIn(look);
  const kept = blocks ?? keptIn(topology);
  if (allocation === undefined) {
    const [why] = unread;
    const next = why && nextAfterUnread(fabric, look, why);
    const fixes = [
      next === undefined ? '' : `Next: ${next}.`,
      existsSync(kept) ? `What was read last is still there: --blocks ${kept}.` : '',
    ];
    const refusal: Refusal = {
      code: 'cluster-environment',
      message: `the cluster's blocks are unknown: ${why === undefined ? 'nothing was read' : unreadText(why, look)}`,
      details: why?.evidence ?? [],
      fix: fixes.filter((one) => one !== '').join(' ') || 'Look at the connection to the cluster.',
    };
    return { code: refuse(refusal, terminal, EXIT.environment) };
  }
  for (const why of unread) terminal.complain(`unknown: ${printable(unreadText(why, look))}`);
  const takenAt = new Date(look.at).toISOString().replace(/\.\d+Z$/, 'Z');
  const taken = { network: fabric.name, context: look.context ?? '', takenAt, allocation };
  keep(kept, blocksText(taken), blocks === undefined);
  return taken;
}

/** Beside the topology, in a folder that says itself that git is to leave it alone. */
export const keptIn = (topology: string): string => join(dirname(topology), '.cache', 'live', 'blocks.json');

/** In whole, or not at all. What nobody asked to be kept is not kept where nothing can be written. */
function keep(file: string, text: string, isOwn: boolean): void {
  const unfinished = `${file}.${process.pid}`;
  try {
    if (isOwn) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(join(dirname(file), '.gitignore'), '*\n');
    }
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
  } catch (error) {
    if (!isOwn) throw error;
  }
}

/** The blocks of 10,000 nodes and a million pods fit. */
const LARGEST = 256 * 1024 * 1024;

function fromFile(file: string, terminal: Terminal): TakenBlocks | { readonly code: ExitCode } {
  let text: string;
  try {
    text = readAtMost(file, LARGEST).toString('utf8');
  } catch (error) {
    const message = `${file} ${whyUnreadable(error)}`;
    return { code: refuse({ code: 'file', message, fix: 'Ask the cluster: --live writes it.' }, terminal) };
  }
  const read = blocksIn(file, text);
  if ('allocation' in read) return read;
  terminal.complain(read.map((one) => refusalText(one, terminal)).join('\n\n'));
  printFaults(read.map(faultOf), terminal);
  return { code: EXIT.badInput };
}

/** From which cluster and when: the last line of what was asked with its blocks. */
export const takenText = ({ context, takenAt }: Pick<TakenBlocks, 'context' | 'takenAt'>): string =>
  `Blocks as context ${printable(context)} had them at ${takenAt}.`;
