import {
  type Analysis,
  analyse,
  type Failing,
  failings,
  lentOrLetOut,
  type Machine,
  type Owner,
  ownerOf,
  targetOf,
} from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { printable } from '../topology/foreign.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { didYouMean, listed, suggester } from '../topology/suggest.ts';
import { type BlocksOptions, type WithBlocks, withAskedBlocks } from './blocks-input.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { noSuchNode } from './nodes-named.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

export interface AnalysisOptions extends BlocksOptions {
  /** Routers, nodes, hosts, segments and sessions treated as failed. */
  readonly fail: readonly string[];
  /** The node of a pod whose address is in another node's block. */
  readonly on?: string;
}

type Prepared =
  | { readonly code: ExitCode }
  | {
      readonly analysis: Analysis;
      readonly fabric: Fabric;
      readonly failed: readonly Failing[];
      readonly taken: Extract<WithBlocks, { fabric: Fabric }>['taken'];
    };

/**
 * The analysis of a topology with what has failed. `wanted`: names of machines that the command is about, or
 * addresses, the target last; each keeps its identity and is not merged with equivalent nodes.
 */
export async function prepareAnalysis(
  options: AnalysisOptions,
  wanted: readonly string[],
  terminal: Terminal,
): Promise<Prepared> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return { code: EXIT.badInput };
  const asked = await withAskedBlocks(read.input.fabric, options, terminal);
  if ('code' in asked) return asked;
  const { fabric, taken } = asked;
  const named = wanted.map((one) => {
    const target = targetOf(fabric, one);
    return target === undefined || target.kind === 'service' ? one : target.machine;
  });
  const { on } = options;
  const wrong = on === undefined ? undefined : wrongHolder(fabric, wanted.at(-1) ?? '', on);
  if (wrong !== undefined) return { code: refuse(wrong, terminal) };
  const loan = lentOrLetOut(fabric, targetOf(fabric, wanted.at(-1) ?? '', on));
  const apart = [...named, ...(on === undefined ? [] : [on]), ...options.fail];
  const analysis = analyse(fabric, apart, undefined, loan === undefined ? [] : [loan]);
  const failed: Failing[] = [];
  const all = failings(analysis.network);
  for (const name of options.fail) {
    const one = all.find((candidate) => candidate.name === name);
    if (one === undefined) {
      const names = all.map((candidate) => candidate.name);
      const fix = didYouMean(suggester(names)(name), `Known: ${listed(names, 'and')}.`);
      return {
        code: refuse(
          { code: 'unknown-name', message: `Nothing that can fail is named ${JSON.stringify(name)}`, fix },
          terminal,
        ),
      };
    }
    failed.push(one);
  }
  return { analysis: failed.length === 0 ? analysis : analysis.without(failed), fabric, failed, taken };
}

/** Why no pod with that address can be on the node. */
function wrongHolder(fabric: Fabric, text: string, on: string): Refusal | undefined {
  const node = fabric.nodes.find(({ name }) => name === on);
  if (node === undefined)
    return noSuchNode(
      fabric.nodes.map(({ name }) => name),
      on,
    );
  const target = targetOf(fabric, text);
  if (target?.kind !== 'pods' || target.address === undefined) {
    const message = `--on ${on} needs the address of a pod, which ${JSON.stringify(text)} is not`;
    return { code: 'usage', message, fix: "Name the pod's address, from another node's block." };
  }
  const { family } = target.address;
  if (node.address[family] !== undefined) return undefined;
  const message = `${on} has no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address, so no pod on it has ${text}`;
  return { code: 'usage', message, fix: 'Name a node with an address of that family.' };
}

/** A machine by its name. */
export function machineNamed(
  { network }: Analysis,
  name: string,
  kinds: readonly Machine['kind'][],
): Machine | Refusal {
  const machines = network.machines.filter(({ kind }) => kinds.includes(kind));
  const found = machines.find((machine) => machine.name === name);
  const names = machines.map((machine) => machine.name);
  return (
    found ?? {
      code: 'unknown-name',
      message: `No ${listed(kinds, 'or')} is named ${JSON.stringify(name)}`,
      fix: didYouMean(suggester(names)(name), `Known: ${listed(names, 'and')}.`),
    }
  );
}

/** An address of a service, which no table of the network has. */
export const serviceText = (address: string, sender: string): string =>
  `${address} is a service address, so no route leads there: kube-proxy on ${sender} replaces it with the address of a pod or node, and the topology does not tell which one. Ask for the path to that.`;

/** The error for an address or prefix without an owner, or for an unknown name. */
export function unknownTarget(fabric: Fabric, text: string): Refusal {
  const owner = ownerOf(fabric, text);
  const why = fabric.pods.allocation === undefined || owner === undefined ? undefined : whyNoWay(owner);
  return why === undefined
    ? {
        code: 'unknown-name',
        message: `${JSON.stringify(text)} is not inside any node's block, and no machine or service has it`,
        fix: 'Name a node, or the address of a pod, machine or service.',
      }
    : {
        code: 'unknown-name',
        message: `No way to ${text} is known: ${why}`,
        fix: `${NOENCAP} explain ${text} --live says whose it is.`,
      };
}

/** Why the topology knows no way to what is in a pool. */
export function whyNoWay({ block, holder }: Owner): string {
  const [node, on] = [printable(block?.node ?? ''), printable(holder?.node ?? '')];
  if (holder !== undefined && holder.isThere !== false && !holder.isKnown)
    return `it is on ${on || 'a node'}, which the topology does not have`;
  if (block === undefined) return 'no node has a block with it';
  if (block.node === undefined) return `its block ${block.prefix} is nobody's any more`;
  return block.nodeIs === 'gone'
    ? `its block ${block.prefix} is of ${node}, which is gone, so nobody announces it`
    : `its block ${block.prefix} is of ${node}, which the topology does not have`;
}

/** What a node without a block says of itself. */
export const noBlocks = (machine: string): string =>
  `${machine} has no block, so no pod there has an address of a pool.\n`;
