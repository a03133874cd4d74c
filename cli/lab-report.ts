import type { Session } from '../fabric/index.ts';
import { meshSessions } from '../fabric/index.ts';
import { type FailedCheck, listPaths, type Probed, wayLengths } from '../lab/index.ts';
import { columns } from './columns.ts';
import type { Body } from './documents/index.ts';
import type { LabRun } from './lab-run.ts';
import { counted, type Terminal } from './terminal.ts';

/** The document of `lab --json`. */
export function labReport(run: LabRun): Body<'lab'> {
  return {
    ok: run.failures.length === 0,
    network: run.fabric.name,
    failed: run.failed.map(({ kind, name }) => ({ kind, name })),
    approximation: run.approximate,
    sessions: sessionsOf(run).map(({ id, kind }) => ({ id, kind, established: run.established.has(id) })),
    pairs: run.probed.map(({ pair: { from, to, family, reachable }, reached, isLossy, there, pathMtu }) => ({
      from,
      to,
      family,
      expected: reachable,
      reached,
      lossy: isLossy,
      paths: there === undefined ? [] : listPaths(there).map(({ machines }) => machines),
      pathMtu,
    })),
    borrowed: run.borrowed,
    failures: run.failures.map(failureAsJson),
    notes: run.notes.map(failureAsJson),
    seconds: Math.round(run.seconds * 10) / 10,
  };
}

/** A failed check as documents have it. */
export const failureAsJson = ({ kind, ...failure }: FailedCheck): Body<'lab'>['failures'][number] => ({
  code: kind,
  ...failure,
});

/** Larger networks are summarized: nobody reads a table of a thousand lines. */
const MOST_SESSIONS = 40;
const MOST_NODES = 12;
const MOST_FAILURES = 20;

/** The report before the verdict: sessions, pods, and intended deviations. */
export function labStory(run: LabRun, colour: Terminal['colour']): string {
  const { fabric, notes, failed } = run;
  const routers = fabric.routers.filter(({ planned }) => !planned).length;
  const nodes = run.approximate
    ? 'BIRD 2 on nodes (an approximation: BIRD 1.6.8 is not installed)'
    : 'BIRD 1.6.8 on nodes';
  const broken = failed.length === 0 ? '' : `, without ${failed.map(({ name }) => name).join(', ')}`;
  return [
    `${fabric.name}: ${counted(routers, 'router')}, ${counted(fabric.nodes.length, 'node')}${broken}; BIRD 2 on routers, ${nodes}, with short timers`,
    '',
    ...sessionLines(sessionsOf(run), run),
    '',
    ...podLines(run),
    ...(run.borrowed.asked === 0
      ? []
      : [
          `addresses borrowed from other nodes' blocks: ${run.borrowed.answered} of ${run.borrowed.asked} pings answered`,
        ]),
    '',
    ...notes.map(({ message }) => `${colour.cyan('note')}    ${message}`),
  ].join('\n');
}

/** Failed checks, one per line: all that `--quiet` prints. */
export const failureLines = (failures: readonly FailedCheck[], { red }: Terminal['colour']): string[] => [
  ...failures.slice(0, MOST_FAILURES).map(({ message }) => `${red('failed')}  ${message}`),
  ...(failures.length > MOST_FAILURES ? [`        and ${failures.length - MOST_FAILURES} more`] : []),
];

/** The one sentence at the end. */
export function labVerdict(run: LabRun): string {
  const { failures, probed, seconds } = run;
  if (failures.length > 0) return `${counted(failures.length, 'check')} failed (${seconds.toFixed(1)} s)`;
  const unreachable = probed.filter(({ pair }) => !pair.reachable).length;
  return `${counted(sessionsOf(run).length, 'session')} up, ${counted(probed.length - unreachable, 'pair')} of pods reach each other${unreachable === 0 ? '' : `, ${unreachable} do not and cannot`}: all checks passed (${seconds.toFixed(1)} s)`;
}

const sessionsOf = ({ fabric }: LabRun): Session[] => [...fabric.sessions, ...meshSessions(fabric)];

function sessionLines(sessions: readonly Session[], { established, expected }: LabRun): string[] {
  const state = (id: string) =>
    established.has(id) ? 'Established' : expected.has(id) ? 'DOWN' : 'unreachable';

  if (sessions.length > MOST_SESSIONS) {
    const kinds = (['reflector', 'backbone', 'mesh'] as const).map((kind) => {
      const ofKind = sessions.filter((session) => session.kind === kind);
      return `${ofKind.filter(({ id }) => established.has(id)).length} of ${ofKind.length} ${kind}`;
    });
    return [`sessions up: ${kinds.join(', ')}`];
  }
  const width = Math.max(...sessions.map(({ id }) => id.length));
  return [
    'sessions',
    ...sessions.map(({ id, kind }) => `  ${id.padEnd(width)}  ${kind.padEnd(9)}  ${state(id)}`),
  ];
}

function podLines({ fabric, probed }: LabRun): string[] {
  return fabric.pods.families.flatMap((family) => {
    const ofFamily = probed.filter(({ pair }) => pair.family === family);
    const name = fabric.pods.families.length > 1 ? ` over ${family === 'ipv4' ? 'IPv4' : 'IPv6'}` : '';
    if (fabric.nodes.length > MOST_NODES) {
      return [
        `pods${name}: ${ofFamily.filter(({ reached }) => reached).length} of ${ofFamily.length} pairs answer`,
      ];
    }
    return [
      `pods${name}, from each line to each column: hops and path MTU`,
      ...matrix(
        fabric.nodes.map((node) => node.name),
        ofFamily,
      ),
    ];
  });
}

function matrix(names: readonly string[], probed: readonly Probed[]): string[] {
  const cell = (from: string, to: string): string => {
    if (from === to) return '.';
    const one = probed.find(({ pair }) => pair.from === from && pair.to === to);
    if (one === undefined) return '';
    if (!one.reached) return one.pair.reachable ? 'LOST' : 'unreachable';
    if (one.isLossy) return 'LOSSY';
    const [least = '?', ...more] = one.there === undefined ? [] : wayLengths(one.there);
    return `${[least, ...more.slice(-1)].join('-')} ${one.pathMtu ?? '?'}`;
  };
  const rows = [['', ...names], ...names.map((from) => [from, ...names.map((to) => cell(from, to))])];
  return columns(rows).map((line) => `  ${line}`);
}
