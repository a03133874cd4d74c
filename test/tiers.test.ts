import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const { FIRST, LISTED, live, long, quick } = createRequire(resolve('jest.config.cjs'))(
  './test/tiers.cjs',
) as {
  readonly FIRST: readonly string[];
  readonly LISTED: readonly string[];
  readonly live: () => readonly string[];
  readonly long: () => readonly string[];
  readonly quick: () => readonly string[];
};

test('a test that boots a lab or a daemon is live, one that runs a command is long, and all others are quick', () => {
  expect(live()).toEqual(
    expect.arrayContaining([
      'lab/faults.test.ts',
      'scenarios/scenarios.test.ts',
      'delivery/router.test.ts',
      'delivery/ssh/ssh.test.ts',
      'delivery/fleet/fleet.test.ts',
      'routers/daemons.test.ts',
    ]),
  );
  expect(quick()).toEqual(
    expect.arrayContaining([
      'fabric/sessions.test.ts',
      'routers/agreement.test.ts',
      'review/objects.test.ts',
    ]),
  );
  expect(long()).toEqual(expect.arrayContaining(['cli/synth.test.ts', 'repository/render.test.ts']));
});

test('named tests exist, and each is taken first once', () => {
  expect(LISTED.filter((file) => !existsSync(join('test', file)))).toEqual([]);
  expect([...new Set(FIRST)]).toEqual(FIRST);
});

test('those taken first are live or long, and every third of them computes', () => {
  const [waiting, computing] = [live(), long()];
  expect(FIRST.filter((file) => ![...waiting, ...computing].includes(file))).toEqual([]);
  expect(FIRST.slice(0, 9).map((file) => waiting.includes(file))).toEqual([
    true,
    true,
    false,
    true,
    true,
    false,
    true,
    true,
    false,
  ]);
});
