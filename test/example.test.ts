import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { noencap, scratch, tree } from './cli/run.ts';

/** The topology.yaml of this repository, which is an example: whatever it says, no other test may notice. */

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

test('no other test reads it, or its dist/', () => {
  const reads =
    /(?:readFileSync|readdirSync|copyFileSync|cpSync|resolve|tree)\(\s*['"`](?:topology\.yaml|dist)['"`/]/;
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(200);
  expect(files.filter((file) => reads.test(readFileSync(join('test', file), 'utf8')))).toEqual([
    'example.test.ts',
  ]);
});

test('the example is valid, and dist/ is what it renders to', () => {
  copyFileSync('topology.yaml', join(folder, 'topology.yaml'));
  expect(noencap(folder, ['check', '-q']).code).toBe(0);
  expect(noencap(folder, ['synth', '-q'])).toMatchObject({ code: 0, stderr: '' });
  expect(tree(join(folder, 'dist'))).toEqual(tree('dist'));
});
