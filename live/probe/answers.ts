import { parseAddress } from '../../topology/address.ts';
import type { ErrorFacts, HopFacts, PacketFacts, Told } from '../../verify/index.ts';

/** What a target was called when the program was started, in its log. */
export type Answers = ReadonlyMap<string, PacketFacts>;

/** Reads what the program says. A log that does not end, or where a word is missing, is no answer. */
export function answersIn(log: string): Told<Answers> {
  const lines = log.split('\n');
  const fault = lines.map((line) => /^! ([a-z-]+) ?(.*)$/.exec(line)).find((one) => one !== null);
  if (fault !== undefined && fault !== null) {
    const [, code = '', said = ''] = fault;
    return { ok: false, message: FAULTS[code] ?? 'the program in the pod cannot run', evidence: [said] };
  }
  if (!lines.includes('@ end')) {
    const last = lines.filter((line) => line.trim() !== '').at(-1);
    const evidence = last === undefined ? [] : [last];
    return { ok: false, message: 'its log does not end as it should', evidence };
  }
  const parts = log.split(/^@ /m).slice(1);
  return {
    ok: true,
    value: new Map(
      parts.flatMap((part): [string, PacketFacts][] => {
        const [head = '', ...body] = part.split('\n');
        const [label = '', family = '', address = ''] = head.split(' ');
        return address === '' ? [] : [[`${label} ${family}`, factsIn(address, body)]];
      }),
    ),
  };
}

const FAULTS: Readonly<Record<string, string>> = {
  'no-ping': 'the image has no ping',
  'not-iputils': 'the ping of the image is not that of iputils, which alone forbids fragmentation',
};

function factsIn(address: string, lines: readonly string[]): PacketFacts {
  const parts = partsOf(lines);
  const of = (name: string) => parts.filter((one) => one.name === name).flatMap(({ said }) => said);
  const few = of('few');
  const [sent = 0, received = 0] = counts(few);
  const again = of('many');
  const full = of('full');
  const number = (name: 'limit' | 'largest') => {
    const [, digits] = firstMatch(lines, new RegExp(`^= ${name} (\\d{2,5})$`)) ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  const [sentAgain, receivedAgain] = counts(again);
  return {
    address,
    sent,
    received,
    roundTrip: roundTrip(few),
    again:
      sentAgain === undefined || receivedAgain === undefined
        ? undefined
        : { sent: sentAgain, received: receivedAgain },
    limit: number('limit'),
    largest: number('largest'),
    told: full.flatMap((line) => tooLarge(line) ?? []).at(-1),
    hops: hopsIn('hop', parts),
    way: hopsIn('way', parts),
    errors: distinct([...few, ...full].flatMap((line) => errorIn(line) ?? [])),
    nodeAnswers: parts.some(({ name }) => name === 'comparison')
      ? of('comparison').some((line) => / bytes from /.test(line))
      : undefined,
  };
}

interface Part {
  readonly name: string;
  readonly said: readonly string[];
}

function partsOf(lines: readonly string[]): Part[] {
  const parts: { name: string; said: string[] }[] = [];
  for (const line of lines) {
    const [, name] = /^= ([a-z]+(?: \d+)?)$/.exec(line) ?? [];
    if (name === undefined) parts.at(-1)?.said.push(line);
    else parts.push({ name, said: [] });
  }
  return parts;
}

const firstMatch = (lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined =>
  lines.map((line) => pattern.exec(line)).find((one) => one !== null) ?? undefined;

/** `10 packets transmitted, 9 received`; errors stand between the two and what follows. */
function counts(lines: readonly string[]): number[] {
  const found = firstMatch(lines, /^(\d+) packets transmitted, (\d+) received/);
  return found === undefined ? [] : [Number(found[1]), Number(found[2])];
}

function roundTrip(lines: readonly string[]): PacketFacts['roundTrip'] {
  const found = firstMatch(lines, /^rtt min\/avg\/max\/mdev = ([\d.]+)\/([\d.]+)\/([\d.]+)\//);
  return found === undefined
    ? undefined
    : { least: Number(found[1]), mean: Number(found[2]), most: Number(found[3]) };
}

/** `From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1380)`, `From fd00::1 icmp_seq=1 Packet too big: mtu=1380`. */
function tooLarge(line: string): PacketFacts['told'] {
  const [, by = '', said = '', mtu] =
    /^From (\S+) icmp_seq=\d+ ((?:Frag needed and DF set \(mtu = |Packet too big: mtu=)(\d{2,5})\)?)$/.exec(
      line,
    ) ?? [];
  return mtu === undefined ? undefined : { by, mtu: Number(mtu), said };
}

const TIME_EXCEEDED = /Time to live exceeded|Time exceeded/;

const hopsIn = (what: 'hop' | 'way', parts: readonly Part[]): HopFacts[] =>
  parts.flatMap(({ name, said }) => {
    const [of, life] = name.split(' ');
    return of === what ? (hopIn(Number(life), said) ?? []) : [];
  });

function hopIn(life: number, [line = '']: readonly string[]): HopFacts | undefined {
  const [, answering] = /^\d+ bytes from (\S+?):? /.exec(line) ?? [];
  const [, exceeded] = TIME_EXCEEDED.test(line) ? (/^From (\S+) /.exec(line) ?? []) : [];
  const from = answering ?? exceeded;
  if (from === undefined || parseAddress(from) === undefined) return undefined;
  return { life, from, isAnswer: answering !== undefined };
}

/** `From 10.0.0.1 icmp_seq=1 Destination Host Unreachable`. */
function errorIn(line: string): ErrorFacts | undefined {
  if (tooLarge(line) !== undefined || TIME_EXCEEDED.test(line)) return undefined;
  const [, from, said] = /^From (\S+) icmp_seq=\d+ (.{1,100})$/.exec(line) ?? [];
  return from === undefined || said === undefined || parseAddress(from) === undefined
    ? undefined
    : { from, said };
}

const distinct = (errors: readonly ErrorFacts[]): ErrorFacts[] =>
  errors.filter(
    ({ from, said }, at) => errors.findIndex((one) => one.from === from && one.said === said) === at,
  );
