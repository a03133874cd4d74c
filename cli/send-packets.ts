import { analyse, podPaths, targetOf } from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import type { ProbeNode } from '../live/probe/index.ts';
import type { Family } from '../topology/address.ts';
import { type ExpectedWay, ofNodes, type ProbeLook, packetVerdicts, type Verdict } from '../verify/index.ts';
import { runSteps } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface ToSend {
  readonly fabric: Fabric;
  readonly options: { readonly context: string | undefined; readonly image: string };
  /** Only packets from and to these, if there are any. */
  readonly nodes: ReadonlySet<string>;
  readonly stop: AbortSignal;
}

/** Sends packets between pods, and judges what becomes of them. */
export async function sendPackets(
  { fabric, options, nodes, stop }: ToSend,
  verdicts: readonly Verdict[],
  terminal: Terminal,
): Promise<Verdict[]> {
  // Only commands that write to a cluster load it.
  const { probePods } = await import('../live/probe/index.ts');
  let look: ProbeLook | undefined;
  const send = async (say: (what: string) => void) => {
    look = await probePods({
      context: options.context,
      image: options.image,
      nodes: candidates(fabric, nodes),
      perRegion: perRegion(fabric),
      families: fabric.pods.families,
      stop,
      say,
    });
  };
  await runSteps([{ title: 'Packets between pods', run: send }], terminal);
  if (look === undefined) return [];
  const found = packetVerdicts(fabric, look, { ways: waysIn(fabric, senders(look)), verdicts });
  return nodes.size === 0 ? found : ofNodes(fabric, nodes, found);
}

/** Two show what only one node has; beyond ten regions every pair of them is too many. */
export const perRegion = ({ regions }: Fabric): number => (regions.length > 10 ? 1 : 2);

/** Those that are named first. */
export const candidates = (fabric: Fabric, named: ReadonlySet<string>): ProbeNode[] =>
  fabric.nodes
    .map(({ name, region, address }) => ({
      name,
      region,
      addresses: {
        ...(address.ipv4 === undefined ? {} : { ipv4: address.ipv4.text }),
        ...(address.ipv6 === undefined ? {} : { ipv6: address.ipv6.text }),
      },
    }))
    .sort((a, b) => Number(named.has(b.name)) - Number(named.has(a.name)));

const senders = ({ probes }: ProbeLook): string[] => (probes.ok ? probes.value.map(({ node }) => node) : []);

/** The ways of packets as the simulator has them, computed for the first pair that needs them. */
export function waysIn(
  fabric: Fabric,
  apart: readonly string[],
): (from: string, to: string, family: Family) => ExpectedWay[] {
  let analysis: ReturnType<typeof analyse> | undefined;
  return (from, to, family) => {
    if (fabric.segments === undefined) return [];
    analysis ??= analyse(fabric, apart);
    const source = analysis.network.machines.find(({ name }) => name === from);
    const target = targetOf(fabric, to);
    if (source === undefined || target?.kind !== 'pods') return [];
    return podPaths(analysis, source, target)
      .filter(({ prefix }) => prefix.includes(':') === (family === 'ipv6'))
      .flatMap(({ ways }) => ways.map(({ hops }) => hops));
  };
}
