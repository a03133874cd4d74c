import { randomBytes } from 'node:crypto';
import type { Family } from '../../topology/address.ts';
import type { NodeFacts, ProbeFacts, ProbeLook, Read, TargetFacts, Told } from '../../verify/index.ts';
import { connect } from '../cluster/connection.ts';
import { list } from '../cluster/list.ts';
import { NODES, nodeIn } from '../cluster/read-nodes.ts';
import { logOf } from '../cluster/write.ts';
import { type Answers, answersIn } from './answers.ts';
import { HOST_NETWORK, listener, MOST_SECONDS, POD_NETWORK, prober, type Way } from './manifests.ts';
import { clearedNamespace, removed } from './namespace.ts';
import { type Running, runPods } from './pods.ts';
import type { ProbeNode, ProbePatience, ToProbe } from './to-probe.ts';

const PATIENCE: ProbePatience = { look: 1000, start: 180_000, gone: 90_000 };

/** Sends packets between pods on these nodes, each to each, and removes the pods again whatever happens. */
export const probePods = (to: ToProbe): Promise<ProbeLook> => probe(to, POD_NETWORK);

/** Sends packets between the nodes themselves. */
export const probeNodes = (to: ToProbe): Promise<ProbeLook> => probe(to, HOST_NETWORK);

async function probe(to: ToProbe, way: Way): Promise<ProbeLook> {
  const { image, stop, say } = to;
  const patience = to.patience ?? PATIENCE;
  // What is created must be removed, whatever was interrupted.
  const connected = await connect(to.context, undefined);
  if (!connected.ok)
    return { context: undefined, server: undefined, image, left: undefined, probes: connected };
  const { value: connection } = connected;
  const seen = { context: connection.context, server: connection.server, image, left: undefined };
  // In a cluster without the topology's nodes, which is another one, nothing is created.
  const inCluster = await list(connection, NODES, nodeIn);
  if (!inCluster.ok) return { ...seen, probes: inCluster };
  const { nodes, missing } = chosen(to, inCluster.value);
  if (nodes.length < 2 || stop.aborted) {
    const why = stop.aborted ? 'it was interrupted' : 'there is no second node to send to';
    const alone = nodes.map((node) => notAsked(node, why));
    return { ...seen, probes: { ok: true, value: [...alone, ...missing] } };
  }
  say(`Preparing the namespace ${way.namespace}`);
  const namespace = await clearedNamespace(connection, way, patience, stop);
  if (!namespace.ok) return { ...seen, probes: namespace };
  const run = randomBytes(8).toString('hex');
  const running: Running = { connection, way, image, run, patience, stop };
  try {
    const probes = await probed({ ...to, nodes }, running);
    say('Removing the pods');
    return {
      ...seen,
      probes: probes.ok ? { ok: true, value: [...probes.value, ...missing] } : probes,
      left: await removed(running, namespace.value),
    };
  } catch (error) {
    await removed(running, namespace.value);
    throw error;
  }
}

/** Nodes that are Ready, and of a region without any its first with the reason. */
function chosen({ nodes, perRegion }: ToProbe, inCluster: readonly NodeFacts[]) {
  const regions = [...new Set(nodes.map(({ region }) => region))];
  const all = regions.map((region) => nodes.filter((node) => node.region === region));
  const stateOf = (node: ProbeNode) => inCluster.find(({ name }) => name === node.name);
  const ready = all.map((some) =>
    some.filter((node) => stateOf(node)?.ready?.status === 'True').slice(0, perRegion),
  );
  return {
    nodes: ready.flat(),
    missing: all.flatMap(([first], at) => {
      if (first === undefined || ready[at]?.length !== 0) return [];
      const isThere = stateOf(first) !== undefined;
      return [
        notAsked(first, isThere ? `no node of ${first.region} is Ready` : 'the cluster does not have it'),
      ];
    }),
  };
}

const notAsked = ({ name, region }: ProbeNode, message: string): ProbeFacts => ({
  node: name,
  region,
  targets: { ok: false, message, evidence: [] },
});

/** Where each node can be sent to, or why not. */
type Targets = ReadonlyMap<string, Told<readonly string[]>>;

async function probed(to: ToProbe, running: Running): Promise<Read<ProbeFacts[]>> {
  const { nodes, families, say } = to;
  const targets = running.way.isOfHost ? ownAddresses(nodes) : await listening(to, running);
  if (!targets.ok) return targets;
  say(`Sending packets between ${nodes.length} nodes`);
  const asked = (sender: ProbeNode) =>
    nodes.flatMap((node, index) => {
      const at = targets.value.get(node.name);
      if (node === sender || !at?.ok) return [];
      return familiesOf(families, sender, node).flatMap((family) => {
        const address = at.value.find((one) => familyOf(one) === family);
        const comparison = running.way.isOfHost ? '-' : (node.addresses[family] ?? '-');
        return address === undefined ? [] : [[String(index), family, address, comparison] as const];
      });
    });
  const senders = nodes.filter((node) => targets.value.get(node.name)?.ok && asked(node).length > 0);
  const pods = await runPods(running, 'probe', senders, {
    manifest: (node, one) => prober(running.way, one, asked(node)),
    isDone: ({ hasEnded }) => hasEnded,
    time: MOST_SECONDS * 1000,
  });
  if (!pods.ok) return pods;
  const facts: ProbeFacts[] = [];
  for (const sender of nodes) {
    const own = targets.value.get(sender.name) ?? NOT_STARTED;
    const pod = pods.value.get(sender.name);
    const said: Told<Answers> = !own.ok
      ? own
      : pod === undefined
        ? running.stop.aborted
          ? INTERRUPTED
          : { ok: true, value: new Map() }
        : pod.ok
          ? await answersOf(running, pod.value.name)
          : pod;
    facts.push({
      node: sender.name,
      region: sender.region,
      targets: said.ok ? { ok: true, value: targetsIn(to, sender, targets.value, said.value) } : said,
    });
  }
  return { ok: true, value: facts };
}

/** Starts a pod on each node, which answers. */
async function listening(to: ToProbe, running: Running): Promise<Read<Targets>> {
  to.say(`Starting pods on ${to.nodes.length} nodes`);
  const pods = await runPods(running, 'listen', to.nodes, {
    manifest: (_, one) => listener(running.way, one),
    isDone: ({ isUp }) => isUp,
    time: running.patience.start,
  });
  if (!pods.ok) return pods;
  const addresses = [...pods.value].map(([node, pod]): [string, Told<readonly string[]>] => [
    node,
    pod.ok ? { ok: true, value: pod.value.addresses } : pod,
  ]);
  return { ok: true, value: new Map(addresses) };
}

const ownAddresses = (nodes: readonly ProbeNode[]): { ok: true; value: Targets } => ({
  ok: true,
  value: new Map(nodes.map(({ name, addresses }) => [name, { ok: true, value: Object.values(addresses) }])),
});

async function answersOf({ connection, way }: Running, pod: string): Promise<Told<Answers>> {
  const log = await logOf(connection, `/api/v1/namespaces/${way.namespace}/pods/${pod}`);
  return log.ok
    ? answersIn(log.value)
    : { ok: false, message: 'the log of its pod cannot be read', evidence: log.why.evidence };
}

const targetsIn = (
  { nodes, families }: ToProbe,
  sender: ProbeNode,
  targets: Targets,
  answers: Answers,
): TargetFacts[] =>
  nodes.flatMap((node, index) =>
    node === sender
      ? []
      : familiesOf(families, sender, node).map((family): TargetFacts => {
          const said = answers.get(`${index} ${family}`);
          const packets =
            said === undefined
              ? noTarget(targets.get(node.name), family)
              : { ok: true as const, value: said };
          return { node: node.name, family, packets };
        }),
  );

/** Those that both ends have. */
const familiesOf = (families: readonly Family[], ...nodes: readonly ProbeNode[]): Family[] =>
  families.filter((family) => nodes.every(({ addresses }) => addresses[family] !== undefined));

function noTarget(target: Told<readonly string[]> = NOT_STARTED, family: Family): Told<never> {
  if (!target.ok) return target;
  const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
  const has = target.value.some((one) => familyOf(one) === family);
  return {
    ok: false,
    message: has ? 'nothing is said about it' : `it has no ${name} address`,
    evidence: [],
  };
}

const INTERRUPTED: Told<never> = { ok: false, message: 'it was interrupted', evidence: [] };

const NOT_STARTED: Told<never> = { ok: false, message: 'its pod was not started', evidence: [] };

const familyOf = (address: string): Family => (address.includes(':') ? 'ipv6' : 'ipv4');
