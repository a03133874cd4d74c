import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const { LONGEST, live, long, quick } = createRequire(resolve('jest.config.cjs'))('./test/tiers.cjs') as {
  readonly LONGEST: readonly string[];
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
      'delivery/ssh.test.ts',
      'delivery/fleet.test.ts',
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

test('those that are taken first are there, and live', () => {
  expect(LONGEST.filter((file) => !live().includes(file))).toEqual([]);
});
