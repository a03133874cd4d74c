import { outputOf } from '../../machine/index.ts';

const SOON = { seconds: 2, bytes: 1000 };

test('the output of a program is returned, with its exit code', async () => {
  expect(await outputOf('sh', ['-c', 'cat; echo no >&2; exit 3'], SOON, 'in')).toEqual({
    code: 3,
    stdout: 'in',
    stderr: 'no\n',
    wasKilled: false,
  });
  expect(await outputOf('sh', ['-c', 'exit 0'], SOON, 'x'.repeat(10_000_000))).toMatchObject({ code: 0 });
  expect((await outputOf('no-such-program', [], SOON)).code).toBeUndefined();
});

test.each([
  ['never ends', 'exec sleep 30', 'has not ended within 2 s'],
  ['is deaf', "trap '' TERM INT HUP; sleep 30", 'has not ended within 2 s'],
  ['leaves another one at its outputs', 'sleep 30 & sleep 30', 'has not ended within 2 s'],
  ['talks without end', 'exec yes', 'printed more than 1000 bytes'],
  ['complains without end', 'exec yes >&2', 'printed more than 1000 bytes'],
  ['says one line without end', 'exec cat /dev/zero', 'printed more than 1000 bytes'],
])('one that %s is ended, and reported', async (_, script, why) => {
  expect(await outputOf('sh', ['-c', script], SOON)).toMatchObject({
    code: 1,
    stderr: `sh ${why}, and was killed`,
    wasKilled: true,
  });
});
