import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { analyse, findings } from '../../analysis/index.ts';
import { usualWaves } from '../../delivery/rollout.ts';
import { findPrograms, type Rehearsal, rehearseSteps } from '../../lab/index.ts';
import { render } from '../../repository/render.ts';
import { NO_TRUST_FILES, type Review, review } from '../../review/index.ts';
import { routerFiles } from '../../routers/index.ts';
import { abreast } from '../abreast.ts';
import { scenario } from '../lab/labs.ts';
import { diffsOf, masked, pageWith, table, tableOf } from './page.ts';
import { readState, type State, type Step, type Story, stories } from './story.ts';

const all = stories();
const states = all.flatMap((story) => story.states.map((state) => ({ name: state.file, state })));
const steps = all.flatMap((story) =>
  story.steps.map((step) => ({ name: `${story.name}: ${step.does}`, step })),
);

test.each(states)('$name is a network with no error, and no warning but those that are told', ({ state }) => {
  expect(state.text).toMatch(/^# .+\.\n/);
  const found = findings(analyse(readState(state).fabric)).filter(
    ({ suppressed }) => suppressed === undefined,
  );
  expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
  const warnings = found.filter(({ severity }) => severity === 'warning').map(({ id }) => id);
  expect([...new Set(warnings)].sort()).toEqual(state.warnings);
});

test.each(steps)('$name is what diff says of it', ({ step }) => {
  const { outcome, order, dangers } = reviewed(step);
  expect({ outcome, first: order.first }).toEqual({ outcome: step.outcome, first: step.first });
  expect(
    dangers.map(({ message }, index) => message.slice(0, step.dangers[index]?.length ?? message.length)),
  ).toEqual(step.dangers);
});

test.each(all)('$page: its diffs lead from state to state of $name', (story) => {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-lifecycle-'));
  const file = join(folder, 'topology.yaml');
  const [first, ...others] = story.states.map(({ text }) => text);
  writeFileSync(file, first ?? '');
  const reached: unknown[] = [];
  for (const text of diffsOf(story)) {
    const { stderr } = spawnSync('git', ['apply', '-'], { cwd: folder, input: text, encoding: 'utf8' });
    expect(stderr).toBe('');
    reached.push(parse(readFileSync(file, 'utf8')));
  }
  rmSync(folder, { recursive: true });
  expect(reached).toEqual(others.map((text) => parse(text)));
});

/** A lab mostly waits for timers. */
const LABS_ABREAST = 6;

/**
 * Milliseconds. A pair pings every 20 ms, and a packet that is at a router at the moment when its route changes is lost. BGP needs longer to
 * lose a path. Gaps exclude what a busy machine adds: see `followWaits`.
 */
const BLIP = 200;

scenario('in the lab', () => {
  let told: ReadonlyMap<Story, Promise<readonly Rehearsal[]>>;
  beforeAll(() => {
    const longest = [...all].sort((a, b) => b.steps.length - a.steps.length);
    told = abreast(longest, LABS_ABREAST, rehearsed);
  });

  const inLab = all.flatMap((story) =>
    story.steps.map((step, index) => ({ name: `${story.name}: ${step.does}`, story, step, index })),
  );

  test.each(inLab)('$name', async ({ story, step, index }) => {
    const rehearsals = (await told.get(story)) ?? [];
    const { pairs, sessions, differences, failures } = rehearsals[index] as Rehearsal;
    expect({ differences, failures }).toEqual({ differences: [], failures: [] });
    const forecast = reviewed(step).sessions.changed.filter(({ change }) => change !== 'reloaded');
    const felt = sessions.filter(({ change }) => change !== 'kept');
    expect(felt).toEqual(forecast.map(({ id, change }) => ({ id, change })));

    const lossy = pairs.filter(({ gap }) => gap > BLIP);
    const { loses } = step;
    if (loses === 'none') expect(lossy).toEqual([]);
    else {
      const named = new Set(loses.pairs === 'all' ? [] : loses.pairs);
      const isNamed = (from: string, to: string) =>
        named.has(`${from} - ${to}`) || named.has(`${to} - ${from}`);
      const isMeant = ({ from, to }: { from: string; to: string }) =>
        loses.pairs === 'all' || isNamed(from, to);
      expect(lossy.filter((pair) => !isMeant(pair))).toEqual([]);
    }
    expect(pairs.every(({ sent }) => sent > 10)).toBe(true);
  });

  test.each(all)('$page says what $name costs', async (story) => {
    const rehearsals = (await told.get(story)) ?? [];
    const gone = story.steps.map((step, index) => ({
      step,
      review: reviewed(step),
      rehearsal: rehearsals[index] as Rehearsal,
    }));
    if (process.env.NOENCAP_WRITE_PAGE === '1') writeFileSync(story.page, pageWith(story, gone));
    expect(tableOf(story)).toBe(masked(table(gone)));
  });
});

test('what is hitless in the forecast, and not a danger, loses nothing in the lab', () => {
  const both = steps.filter(
    ({ step }) => step.outcome === 'hitless' && step.dangers.length === 0 && step.loses !== 'none',
  );
  expect(both.map(({ name }) => name)).toEqual([]);
});

async function rehearsed({ states: own, steps: ways }: Story): Promise<readonly Rehearsal[]> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(programs.fix);
  const [base, ...heads] = own.map((state) => readState(state).fabric);
  if (base === undefined) throw new Error('a story begins with a state');
  const result = await rehearseSteps(
    base,
    heads.map((fabric, index) => ({
      fabric,
      first: ways[index]?.first === 'cluster' ? 'cluster' : 'routers',
    })),
    { waves: usualWaves, routerFiles, programs },
  );
  if ('message' in result) throw new Error(`${result.message}. ${result.fix}`);
  return result;
}

/** The result of `noencap diff` for a step. */
const reviewed = ({ from, to }: Step): Review =>
  review(rendered(from), rendered(to), { accepted: false, rehearsal: null, notes: [] });

function rendered(state: State): Parameters<typeof review>[0] {
  const { fabric } = readState(state);
  const { files } = render(fabric, undefined);
  return { name: state.file, commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => ({}) };
}
