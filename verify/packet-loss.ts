import type { Fabric } from '../fabric/index.ts';
import { nextCommands } from './next-command.ts';
import { hopLines, interfaceOn, linkText, machineOf, reached, type Sent } from './packet-ways.ts';
import type { ErrorFacts, PacketFacts } from './probe-look.ts';
import type { Cause, Verdict } from './verdict.ts';

/** Why no packet is answered: what a machine says, what its settings do, or how far they get. */
export function lossCause(fabric: Fabric, sent: Sent, others: readonly Verdict[]): Cause | undefined {
  const { facts, from, to, back } = sent;
  const evidence = [
    ...facts.errors.map(({ from: by, said }) => `${machineOf(fabric, by) ?? by} (${by}): ${said}`),
    ...hopLines(fabric, from, facts),
    ...(back === undefined || back.received > 0 ? [] : hopLines(fabric, to, back)),
    ...compared(fabric, sent),
  ];
  const [error] = facts.errors;
  if (error !== undefined) return { message: refusal(fabric, error), evidence };
  const at = reached(fabric, sent, facts);
  const loop = loopIn(fabric, facts);
  if (loop.length > 0)
    return { message: `they go round between ${loop.join(' and ')}: a routing loop`, evidence };
  const known = knownDrop(fabric, sent, others);
  if (known?.cause !== undefined) {
    const { machine } = known.about;
    const message =
      known.kind === 'allowed-ips'
        ? `AllowedIPs of WireGuard on ${machine} do not have them: ${known.cause.message}`
        : `${machine} may drop them for their source (rp_filter): ${known.cause.message}`;
    return { message, evidence: [...known.cause.evidence, ...evidence] };
  }
  if (at === undefined) {
    const message = `not even ${from} says that it has them: a policy or a firewall there, or ICMP errors are dropped`;
    return { message, evidence };
  }
  if (at.machine === to) return { message: arrived(fabric, sent), evidence };
  const between = linkText(at);
  if (between === undefined) return { message: `they get as far as ${at.machine}`, evidence };
  const isOnlyPods = facts.nodeAnswers === true;
  return {
    message: `they are lost ${between}${isOnlyPods ? '; packets to nodes pass there' : ''}`,
    evidence,
  };
}

/** The node has the packets: they are lost there, or the answers are on their way back. */
function arrived(fabric: Fabric, sent: Sent): string {
  const { to, from } = sent;
  const back = turned(sent);
  const way = back && reached(fabric, back, back.facts);
  if (way === undefined && back?.facts.received === 0)
    return `they reach ${to}, and no answer leaves it: a policy or a firewall there`;
  if (way === undefined || way.machine === from || way.machine === to)
    return `they reach ${to}, and its pod does not answer: a policy or a firewall there`;
  const between = linkText(way);
  return between === undefined
    ? `they reach ${to}; the answers get as far as ${way.machine}`
    : `they reach ${to}; the answers are lost ${between}`;
}

/** The same pair the other way round, on the same ways. */
const turned = ({ from, to, family, facts, ways, back }: Sent): Sent | undefined =>
  back && {
    from: to,
    to: from,
    family,
    facts: back,
    back: facts,
    ways: ways.map((way) =>
      [...way].reverse().map(({ machine }, at) => ({ machine, segment: way[way.length - 2 - at]?.segment })),
    ),
  };

/** With natOutgoing what leaves for a node has the address of the sender's own node. */
function compared({ pods }: Fabric, { facts, from, to }: Sent): string[] {
  if (facts.nodeAnswers === undefined) return [];
  const source = pods.natOutgoing ? `with ${from}'s address as source` : "with the pod's address as source";
  return [
    facts.nodeAnswers
      ? `${to}'s own address answers (${source})`
      : `${to}'s own address does not answer either (${source})`,
  ];
}

/** Machines that have the same packet more than once. */
function loopIn(fabric: Fabric, { hops }: PacketFacts): string[] {
  const machines = hops
    .filter(({ isAnswer }) => !isAnswer)
    .map(({ from }) => machineOf(fabric, from) ?? from);
  const again = machines.filter((one, at) => machines.indexOf(one) < at - 1);
  return [...new Set(again)];
}

/** What was seen to be set so that packets are dropped where these get no further, or where the answers do not. */
function knownDrop(fabric: Fabric, sent: Sent, others: readonly Verdict[]): Verdict | undefined {
  const ends = [sent, turned(sent)].flatMap((one) => {
    const at = one && reached(fabric, one, one.facts);
    return one === undefined || at === undefined || at.machine === one.to ? [] : [at.machine, at.next];
  });
  const at = (kind: Verdict['kind']) =>
    others.find(
      (one) => one.kind === kind && one.about.machine !== undefined && ends.includes(one.about.machine),
    );
  return at('allowed-ips') ?? at('rp-filter');
}

/** What ICMP errors mean, in the words of ping. */
function refusal(fabric: Fabric, { from, said }: ErrorFacts): string {
  const who = machineOf(fabric, from) ?? from;
  if (/filtered|[Pp]rohibited/.test(said)) return `a firewall or a route of ${who} refuses them`;
  if (/Net Unreachable|No route/.test(said)) return `${who} has no route to the pod`;
  if (/Host Unreachable|Address unreachable/.test(said))
    return `${who} has a route, and nobody answers at its next hop`;
  return `${who} refuses them`;
}

/** What shows more than ping can. */
export function lossNext(fabric: Fabric, sent: Sent, others: readonly Verdict[]): string | undefined {
  const { facts, from, to, family, back } = sent;
  const { at, calicoPods } = nextCommands(fabric);
  const [error] = facts.errors;
  const isRouter = (name: string | undefined): name is string =>
    fabric.routers.some((router) => router.name === name);
  const refusing = error && machineOf(fabric, error.from);
  if (isRouter(refusing)) return at(refusing, `ip route get ${facts.address}`);
  const known = knownDrop(fabric, sent, others);
  if (known !== undefined) return known.next;
  const looping = loopIn(fabric, facts).find(isRouter);
  if (looping !== undefined) return at(looping, `ip route get ${facts.address}`);
  const last = reached(fabric, sent, facts);
  if (last === undefined) return calicoPods(from);
  // What has arrived is answered; what becomes of the answers shows the other way round.
  const other = last.machine === to ? turned(sent) : undefined;
  if (
    other !== undefined &&
    other.facts.received === 0 &&
    reached(fabric, other, other.facts)?.machine !== from
  )
    return lossNext(fabric, { ...other, back: undefined }, others);
  const { machine, next, segment } = last;
  const out = interfaceOn(fabric, machine, segment);
  if (isRouter(machine) && out?.startsWith('wg')) return at(machine, `sudo wg show ${out} allowed-ips`);
  const into = isRouter(next) ? interfaceOn(fabric, next, segment) : undefined;
  // The kernel's own decision, reverse path filtering included: "Invalid cross-device link".
  if (isRouter(next) && into !== undefined && back !== undefined && family === 'ipv4')
    return at(next, `ip route get ${facts.address} from ${back.address} iif ${into}`);
  if (isRouter(machine)) return at(machine, `ip route get ${facts.address}`);
  return calicoPods(machine);
}
