import type { Fabric } from '../fabric/index.ts';
import { lossCause, lossNext } from './packet-loss.ts';
import { sizeCause, sizeNext } from './packet-size.ts';
import type { ExpectedWay, Sent } from './packet-ways.ts';
import type { PacketFacts, ProbeFacts, ProbeLook, TargetFacts } from './probe-look.ts';
import { unreadVerdict } from './unread.ts';
import { asPromised, different, type Subject, unknown, type Verdict } from './verdict.ts';

/** What else is known when packets are judged. */
export interface Known {
  /** The ways that packets from a node to the pods of another take, as the simulator has them. */
  readonly ways: (from: string, to: string, family: TargetFacts['family']) => readonly ExpectedWay[];
  /** What else differs. */
  readonly verdicts: readonly Verdict[];
}

/** What the topology promises of packets between pods, held against what probes found. */
export function packetVerdicts(fabric: Fabric, look: ProbeLook, known: Known): Verdict[] {
  if (!look.probes.ok) {
    const about = { kind: 'packets', name: 'between pods' } as const;
    const { why } = look.probes;
    const told = unreadVerdict(fabric, look, why, about, 'packets');
    const message = `${why.what}: the account of context ${look.context} may not do that`;
    return [why.because === 'forbidden' ? { ...told, cause: { message, evidence: why.evidence } } : told];
  }
  const probes = look.probes.value;
  return [
    ...probes.flatMap((probe) => ofProbe(fabric, probes, probe, known)),
    ...(look.left === undefined ? [] : [left(look.left)]),
  ];
}

function ofProbe(fabric: Fabric, probes: readonly ProbeFacts[], probe: ProbeFacts, known: Known): Verdict[] {
  const { node, targets } = probe;
  if (!targets.ok) {
    const { message, evidence } = targets;
    const about: Subject = { kind: 'node', name: node };
    return [unknown({ about, kind: 'packets', cause: { message, evidence }, next: next(node) })];
  }
  return [
    ...interfaces(fabric, probe),
    ...targets.value.flatMap((target) => ofTarget(fabric, probes, probe, target, known)),
  ];
}

/** The interface of a new pod: what `pods.mtu` is for. */
function interfaces({ pods }: Fabric, { node, targets }: ProbeFacts): Verdict[] {
  const all = targets.ok ? targets.value : [];
  const limit = all.flatMap(({ packets }) => (packets.ok ? (packets.value.limit ?? []) : []))[0];
  if (pods.mtu === undefined || limit === undefined) return [];
  const about: Subject = { kind: 'node', name: node };
  if (limit === pods.mtu) return [asPromised({ about, kind: 'pod-mtu' })];
  return [
    different({
      about,
      kind: 'pod-mtu-wrong',
      expected: `pods with an MTU of ${pods.mtu}`,
      found: String(limit),
      cause: undefined,
      next: 'kubectl get installation default -o jsonpath={.spec.calicoNetwork.mtu}',
    }),
  ];
}

function ofTarget(
  fabric: Fabric,
  probes: readonly ProbeFacts[],
  probe: ProbeFacts,
  { node, family, packets }: TargetFacts,
  known: Known,
): Verdict[] {
  const about: Subject = { kind: 'packets', name: `to ${node}/${family}`, machine: probe.node };
  if (!packets.ok) {
    const { message, evidence } = packets;
    return [
      unknown({
        about,
        kind: 'packets',
        cause: { message: `${node}: ${message}`, evidence },
        next: next(node),
      }),
    ];
  }
  const sent: Sent = {
    from: probe.node,
    to: node,
    family,
    facts: packets.value,
    ways: isWhole(packets.value) ? [] : known.ways(probe.node, node, family),
    back: backOf(probes, probe.node, node, family),
  };
  return [delivery(fabric, about, sent, known.verdicts), ...size(fabric, about, sent)];
}

/** Nobody asks for the way of packets that arrive. */
const isWhole = ({ received, limit, largest }: PacketFacts): boolean =>
  received > 0 && limit !== undefined && largest === limit;

/** What the other end finds the other way. */
const backOf = (
  probes: readonly ProbeFacts[],
  from: string,
  to: string,
  family: TargetFacts['family'],
): PacketFacts | undefined => {
  const targets = probes.find((one) => one.node === to)?.targets;
  const found = targets?.ok
    ? targets.value.find((one) => one.node === from && one.family === family)
    : undefined;
  return found?.packets.ok ? found.packets.value : undefined;
};

function delivery(fabric: Fabric, about: Subject, sent: Sent, others: readonly Verdict[]): Verdict {
  const { facts } = sent;
  const expected = 'every packet answered';
  if (facts.sent === 0)
    return unknown({ about, kind: 'packets', cause: { message: 'ping says nothing', evidence: [] } });
  if (facts.received === 0) {
    return different({
      about,
      kind: 'packets-lost',
      expected,
      found: `none of ${facts.sent}`,
      cause: lossCause(fabric, sent, others),
      next: lossNext(fabric, sent, others),
    });
  }
  // A single loss happens on every long link; one that is there the second time, too, does not.
  const { again } = facts;
  if (again !== undefined && again.received < again.sent) {
    const [all, answered] = [facts.sent + again.sent, facts.received + again.received];
    return different({ about, kind: 'packets-lost-partly', expected, found: `${answered} of ${all}` });
  }
  const { roundTrip } = facts;
  return asPromised({
    about,
    kind: 'packets',
    found: roundTrip === undefined ? undefined : `${roundTrip.mean} ms, at most ${roundTrip.most} ms`,
  });
}

/** Whether a packet as large as pods send them arrives in one piece. */
function size(fabric: Fabric, about: Subject, sent: Sent): Verdict[] {
  const { limit, largest, received } = sent.facts;
  if (received === 0) return [];
  if (limit === undefined || largest === undefined) {
    const cause = { message: 'ping does not say what its interface carries', evidence: [] };
    return [unknown({ about, kind: 'packet-size', cause })];
  }
  if (largest >= limit) return [asPromised({ about, kind: 'packet-size', found: `${largest} bytes` })];
  return [
    different({
      about,
      kind: 'packets-too-large',
      expected: `packets of ${limit} bytes in one piece`,
      found: `at most ${largest}`,
      cause: sizeCause(fabric, sent, largest),
      next: sizeNext(fabric, sent),
    }),
  ];
}

const next = (node: string): string | undefined =>
  /^[a-z0-9.-]+$/.test(node)
    ? `kubectl get pods -A -o wide --field-selector spec.nodeName=${node}`
    : undefined;

const left = (what: string): Verdict =>
  different({
    about: { kind: 'cluster', name: 'what noencap created' },
    kind: 'probe-left',
    expected: 'nothing left of the probes',
    found: what,
    next: 'kubectl get pods -A -l app.kubernetes.io/managed-by=noencap',
  });
