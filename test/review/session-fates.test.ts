import { usualWaves } from '../../delivery/rollout.ts';
import { findPrograms, rehearse } from '../../lab/index.ts';
import { type Configured, type SessionFate, sessionFates } from '../../review/session-fates.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { abreast } from '../abreast.ts';
import { fabricOf } from '../fabric-of.ts';
import { scenario } from '../lab/labs.ts';
import { type Change, changes } from './changes.ts';

const configured = (topology: TopologyInput): Configured => {
  const fabric = fabricOf(topology);
  return { fabric, files: routerFiles(fabric) };
};

const forecast = ({ base, head }: Change): SessionFate[] => sessionFates(configured(base), configured(head));

const became = (fates: readonly { id: string; change: string }[], what: string): string[] =>
  fates.filter((fate) => fate.change === what).map(({ id }) => id);

test.each(changes)('$name: which sessions it resets, reloads, makes and ends', (change) => {
  const fates = forecast(change);
  expect({
    reset: became(fates, 'reset'),
    reloaded: became(fates, 'reloaded'),
    came: became(fates, 'new'),
    gone: became(fates, 'gone'),
  }).toEqual({
    reset: [...(change.reset ?? [])].sort(),
    reloaded: [...(change.reloaded ?? [])].sort(),
    came: [...(change.came ?? [])].sort(),
    gone: [...(change.gone ?? [])].sort(),
  });
});

test('a reason names the end, the option and both values', () => {
  const fates = forecast(changes.find(({ name }) => name === 'another hold time') as Change);
  expect(fates.find(({ id }) => id === 'e1--w1/ipv4')?.reasons).toEqual([
    { speaker: 'e1', message: 'hold time 6 -> 9' },
    { speaker: 'w1', message: 'hold time 6 -> 9' },
  ]);
});

test('a comment in a file of the base means nothing, whatever characters it has; a file that cannot be read may mean anything', () => {
  const { base } = changes.find(({ name }) => name === 'another hold time') as Change;
  const state = configured(base);
  const edited = (edit: (text: string) => string): Configured => ({
    ...state,
    files: new Map(
      [...state.files].map(([path, text]) => [path, path.endsWith('e1/k3s/ibgp.conf') ? edit(text) : text]),
    ),
  });
  expect([...state.files.keys()]).toContain('routers/e1/k3s/ibgp.conf');
  const commented = sessionFates(
    edited((text) => `${text}# \u001b]0;x\u0007 {{{ \n`),
    state,
  );
  expect(commented.filter((fate) => fate.change !== 'kept')).toEqual([]);
  const broken = sessionFates(
    edited((text) => `${text}protocol {\n`),
    state,
  );
  const ofE1 = state.fabric.sessions.filter(({ ends }) => ends.some(({ speaker }) => speaker === 'e1'));
  expect(became(broken, 'reset')).toEqual(ofE1.map(({ id }) => id).sort());
  expect(broken.find(({ id }) => id === 'e1--w1/ipv4')?.reasons).toEqual([
    { speaker: 'e1', message: 'routers/e1/k3s/ibgp.conf cannot be read, so its changes are unknown' },
  ]);
});

/** Each lab mostly waits. */
const LABS_ABREAST = 5;

scenario('real BIRD', () => {
  let told: ReadonlyMap<Change, Promise<readonly { id: string; change: string }[]>>;
  beforeAll(() => {
    told = abreast(changes, LABS_ABREAST, rehearsed);
  });

  test.each(changes)('does to sessions what is forecast: $name', async (change) => {
    const seen = await told.get(change);
    // A session that is only reloaded stays up.
    const expected = forecast(change).map(({ id, change: fate }) => ({
      id,
      change: fate === 'reloaded' ? 'kept' : fate,
    }));
    expect(seen).toEqual(expected);
  });
});

async function rehearsed({ base, head }: Change): Promise<readonly { id: string; change: string }[]> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
  const [before, after] = [fabricOf(base), fabricOf(head)];
  const result = await rehearse({
    base: before,
    fabric: after,
    first: 'routers',
    waves: usualWaves,
    routerFiles,
    programs,
  });
  if ('message' in result) throw new Error(`${result.message}. ${result.fix}`);
  return result.sessions;
}
