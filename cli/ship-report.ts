import type { Drifted, JournalEvent, Result } from '../delivery/index.ts';
import { fileChanges } from '../review/index.ts';
import { printable } from '../topology/fault.ts';
import { counted, type Terminal } from './terminal.ts';

/** The outcome for all routers, for people: failures, unchanged routers, what to do. */
export function shippedText(results: readonly Result[], lookOnly: boolean, terminal: Terminal): string {
  const { colour } = terminal;
  const of = (outcome: Result['outcome']) => results.filter((one) => one.outcome === outcome);
  const withFault = results.filter(({ fault }) => fault !== null);
  const counts = COUNTED.flatMap(([outcome, noun]) =>
    of(outcome).length === 0 ? [] : [`${of(outcome).length} ${noun}`],
  );
  const lines = withFault.flatMap(({ router, outcome, fault }) => {
    const [first = '', ...more] = (fault?.message ?? '').split('\n').map(printable);
    const head = WELL.has(outcome)
      ? colour.yellow(`${router} ${outcome}, but`)
      : colour.red(`${router} ${outcome}:`);
    return [`${head} ${first}`, ...more.map((line) => `  ${line}`), `  ${printable(fault?.fix ?? '')}`];
  });
  const next =
    withFault.length === 0 ? [] : NEXT.filter(([outcome]) => of(outcome).length > 0).map(([, text]) => text);
  return [
    ...lines,
    `${counted(results.length, 'router')}: ${counts.join(', ')}.`,
    ...(lookOnly ? [] : next),
  ].join('\n');
}

/** What may be said of these is of something else than the delivery. */
const WELL: ReadonlySet<Result['outcome']> = new Set(['shipped', 'unchanged', 'ready']);

const COUNTED: readonly (readonly [Result['outcome'], string])[] = [
  ['shipped', 'shipped'],
  ['unchanged', 'unchanged'],
  ['ready', 'ready'],
  ['untouched', 'not touched'],
  ['refused', 'refused'],
  ['unreachable', 'not reached'],
  ['undone', 'undone'],
  ['lost', 'lost'],
];

const NEXT: readonly (readonly [Result['outcome'], string])[] = [
  [
    'untouched',
    'Routers that were not touched are unchanged. Fix what is reported above and ship again: it continues where it stopped.',
  ],
  ['undone', 'Routers that were undone run, and have on disk, their previous configuration.'],
  [
    'lost',
    'Check lost routers with ship --check when they are reachable again; docs/recover.md explains the possible states.',
  ],
];

/** What happens to routers left in the middle of a delivery. */
export function leftText(events: readonly JournalEvent[], timeout: number): string {
  const steps = new Map<string, string>();
  for (const event of events) {
    if (event.event === 'step') steps.set(event.router, `${event.step} ${event.outcome}`);
  }
  const those = (...outcomes: readonly string[]) =>
    [...steps].filter(([, last]) => outcomes.includes(last)).map(([router]) => router);
  const unsure = those('confirm started');
  const running = those(
    'apply started',
    'apply done',
    'gate started',
    'gate done',
    'gate failed',
    'undo started',
    'settle started',
  );
  return [
    ...(running.length === 0
      ? []
      : [`${running.join(', ')}: BIRD reverts by itself within ${timeout} s of its change.`]),
    ...(unsure.length === 0
      ? []
      : [`${unsure.join(', ')}: confirmed or not is unknown, ship --check tells.`]),
  ].join('\n');
}

/** What somebody edited on the routers, as diffs from what was shipped. Passwords are hidden. */
export function driftText(
  router: string,
  drift: readonly Drifted[],
  shipped: (path: string, hash: string) => string | undefined,
): string {
  const comparable = drift.filter(({ text, is }) => text !== undefined || is === 'missing');
  return comparable
    .flatMap(({ path, text, against, wanted }) => {
      const before = wanted === undefined ? '' : shipped(`routers/${router}/${path}`, wanted);
      const title = `${router}: ${path}`;
      if (before === undefined) {
        return [
          `${title}: no commit of this branch has the shipped file, so there is nothing to compare with`,
        ];
      }
      const [change] = fileChanges(
        'k',
        new Map(wanted === undefined ? [] : [['k/k', before]]),
        new Map(text === undefined ? [] : [['k/k', text]]),
      );
      return [
        `--- ${title}, as ${against === 'shipped' ? 'shipped' : 'it is to be shipped'}`,
        `+++ ${title}, as it is`,
        ...(change?.hunks ?? []),
      ];
    })
    .flatMap((hunk) => hunk.split('\n'))
    .map(printable)
    .slice(0, MOST_LINES)
    .join('\n');
}

/** Nobody reads more lines than this; the files are on the router. */
const MOST_LINES = 200;
