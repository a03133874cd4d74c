import { changesBetween, type Verdict } from '../../verify/index.ts';

const one = (name: string, is: Verdict['is'], change: Partial<Verdict> = {}): Verdict => ({
  about: { kind: 'session', name, machine: 'a' },
  is,
  kind: is === 'as-promised' ? 'session' : 'session-down',
  expected: undefined,
  found: undefined,
  cause: undefined,
  next: undefined,
  ...change,
});

const told = (before: readonly Verdict[], after: readonly Verdict[]) =>
  changesBetween(before, after).map(
    ({ about, now, isGone }) =>
      `${about.name} ${now.map(({ kind }) => kind).join(' ')}${isGone ? 'gone' : ''}`,
  );

test('what is the same is no change, and neither is what was found of the same fault', () => {
  const before = [one('x', 'different', { found: 'BIRD undoes one in 80 s' }), one('y', 'as-promised')];
  expect(
    told(before, [one('x', 'different', { found: 'BIRD undoes one in 75 s' }), one('y', 'as-promised')]),
  ).toEqual([]);
});

test('what goes wrong, what goes wrong otherwise, and what comes right', () => {
  const [up, down] = [one('x', 'as-promised'), one('x', 'different')];
  expect(told([up], [down])).toEqual(['x session-down']);
  expect(told([down], [one('x', 'different', { kind: 'session-missing' })])).toEqual(['x session-missing']);
  expect(told([down], [up])).toEqual(['x ']);
  expect(told([down], [one('x', 'unknown', { kind: 'session' })])).toEqual(['x session']);
});

test('of two faults of one thing that one ends is no news while the other lasts', () => {
  const [down, routes] = [one('x', 'different'), one('x', 'different', { kind: 'routes-not-sent' })];
  expect(told([down, routes], [routes])).toEqual([]);
  expect(told([routes], [down, routes])).toEqual(['x session-down']);
});

test('what only a fault made is gone with it, and what is new and as promised is no news', () => {
  const stranger = one('s', 'different', { about: { kind: 'protocol', name: 's', machine: 'a' } });
  expect(told([stranger], [])).toEqual(['s gone']);
  expect(told([one('x', 'as-promised')], [])).toEqual([]);
  expect(told([], [one('x', 'as-promised')])).toEqual([]);
  expect(told([], [stranger])).toEqual(['s session-down']);
});
