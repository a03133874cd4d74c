import { printable } from '../topology/foreign.ts';
import type { Subject, Verdict, VerdictKind } from '../verify/index.ts';
import { counted, type Terminal } from './terminal.ts';

/** What a look found: router by router, and of the cluster as one. */
export interface Verdicts {
  readonly routers: readonly Verdict[];
  /** Undefined if it was left out. */
  readonly cluster: { readonly title: string; readonly verdicts: readonly Verdict[] } | undefined;
  /** What packets found; undefined if none were sent. */
  readonly packets?: readonly Verdict[] | undefined;
}

export const allOf = ({ routers, cluster, packets = [] }: Verdicts): Verdict[] => [
  ...routers,
  ...(cluster?.verdicts ?? []),
  ...packets,
];

/** Verdicts for people: differences first, then what is unknown; of what is as promised the number. */
export function verdictsText(
  network: string,
  { routers, cluster, packets }: Verdicts,
  { colour }: Pick<Terminal, 'colour'>,
): string {
  const machines = [...new Set(routers.map(machineOf))];
  const lines = [
    ...machines.flatMap((machine) => {
      const own = routers.filter((one) => machineOf(one) === machine);
      return section(machine, own, ofMachine, colour);
    }),
    ...(cluster === undefined ? [] : section(cluster.title, cluster.verdicts, ofCluster, colour)),
    ...(packets === undefined ? [] : section('packets between pods', packets, ofPackets, colour)),
    ...(packets === undefined ? [] : arrived(packets)),
  ];
  const all = [...routers, ...(cluster?.verdicts ?? []), ...(packets ?? [])];
  const of = (is: Verdict['is']) => all.filter((one) => one.is === is).length;
  return [
    ...lines,
    '',
    `${network}: ${of('as-promised')} as promised, ${of('different')} ${of('different') === 1 ? 'differs' : 'differ'}, ${of('unknown')} unknown.`,
  ].join('\n');
}

function section(
  title: string,
  own: readonly Verdict[],
  subject: (about: Subject) => string,
  colour: Terminal['colour'],
): string[] {
  const wrong = own.filter(({ is }) => is === 'different');
  const unknown = grouped(own.filter(({ is }) => is === 'unknown'));
  const fine = own.filter(({ is }) => is === 'as-promised');
  return [
    colour.bold(printable(title)),
    ...wrong.flatMap((one) => verdictLines(one, subject(one.about), colour.red('differs'))),
    ...unknown.flatMap(({ first, more }) =>
      verdictLines(first, subject(first.about), colour.yellow('unknown'), more),
    ),
    ...(fine.length === 0 ? [] : [`  ${colour.green('as promised')}: ${kindsOf(fine)}`]),
  ];
}

/** Below the machine's name. */
const ofMachine = ({ kind, name, machine }: Subject): string =>
  machine === undefined ? '' : `${kind} ${name}`;

const ofCluster = ({ kind, name, machine }: Subject): string => {
  const what = kind === 'object' || kind === 'cluster' ? name : `${kind} ${name}`;
  return machine === undefined ? what : `${what} on ${machine}`;
};

/** Of whom it says something. */
export const machineOf = ({ about }: Verdict): string => about.machine ?? about.name;
/** `kubemaster to kubenode-hkg04/ipv4`. */
const ofPackets = ({ kind, name, machine }: Subject): string =>
  machine === undefined ? `${kind} ${name}` : `${machine} ${name}`;

/** More than these nobody reads; the document has all. */
const MOST_ARRIVED = 30;

/** How long packets take that arrive, and how large they may be. */
function arrived(packets: readonly Verdict[]): string[] {
  const lines = packets.flatMap(({ about, is, kind, found }) => {
    if (is !== 'as-promised' || kind !== 'packets' || found === undefined) return [];
    const size = packets.find(
      (one) =>
        one.kind === 'packet-size' &&
        one.is === 'as-promised' &&
        one.about.machine === about.machine &&
        one.about.name === about.name,
    );
    return [
      `    ${printable(`${ofPackets(about)}: ${found}${size?.found === undefined ? '' : `, ${size.found}`}`)}`,
    ];
  });
  const more = lines.length - MOST_ARRIVED;
  return [...lines.slice(0, MOST_ARRIVED), ...(more > 0 ? [`    and ${more} more`] : [])];
}

/** What is unknown for one reason is told once. */
function grouped(verdicts: readonly Verdict[]): { first: Verdict; more: number }[] {
  const groups = new Map<string, Verdict[]>();
  for (const one of verdicts) {
    const reason = one.cause?.message ?? '';
    groups.set(reason, [...(groups.get(reason) ?? []), one]);
  }
  return [...groups.values()].flatMap((all) => {
    const [first] = all;
    return first === undefined ? [] : [{ first, more: all.length - 1 }];
  });
}

function verdictLines(one: Verdict, subject: string, word: string, more = 0): string[] {
  const { expected, found, cause, next } = one;
  const facts = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
  ].join(', ');
  const head = [subject, facts].filter((text) => text !== '').join(': ');
  const rest = more === 0 ? '' : ` (and ${more} more for this reason)`;
  return [
    `  ${word}${head === '' ? '' : ` ${printable(head)}`}${rest}`,
    ...(cause === undefined
      ? []
      : [
          `    ${one.is === 'unknown' ? 'because' : 'likely'}: ${printable(cause.message)}`,
          ...cause.evidence.map((line) => `      ${printable(line)}`),
        ]),
    ...(next === undefined ? [] : [`    next: ${printable(next)}`]),
  ];
}

/** `12 sessions, 4 files`. */
function kindsOf(verdicts: readonly Verdict[]): string {
  const counts = new Map<VerdictKind, number>();
  for (const { kind } of verdicts) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => NOUNS[kind]?.(count) ?? counted(count, kind)).join(', ');
}

const NOUNS: Readonly<Partial<Record<VerdictKind, (count: number) => string>>> = {
  'node-address': (count) => `addresses of ${counted(count, 'node')}`,
  'node-as': (count) => `AS numbers of ${counted(count, 'node')}`,
  'node-label': (count) => `labels of ${counted(count, 'node')}`,
  'calico-node': (count) => `calico-node on ${counted(count, 'node')}`,
  'calico-release': () => "Calico's release",
  'bgp-peer': (count) => counted(count, 'BGPPeer'),
  'bgp-configuration': () => 'BGPConfiguration',
  packets: (count) => `packets of ${counted(count, 'pair')}`,
  'packet-size': (count) => `full-size packets of ${counted(count, 'pair')}`,
  'pod-mtu': (count) => `MTU of pods on ${counted(count, 'node')}`,
  routes: (count) => `routes of ${counted(count, 'session')}`,
  files: () => 'files',
  configuration: () => 'configuration',
  sysctl: (count) => counted(count, 'kernel setting'),
};
