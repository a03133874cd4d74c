import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { noencap, scratch, tree } from './cli/run.ts';

/** The topology.yaml of this repository, which is an example: whatever it says, no other test may notice. */

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

test('the example is valid, and dist/ is what it renders to', () => {
  copyFileSync('topology.yaml', join(folder, 'topology.yaml'));
  expect(noencap(folder, ['check', '-q']).code).toBe(0);
  expect(noencap(folder, ['synth', '-q'])).toMatchObject({ code: 0, stderr: '' });
  expect(tree(join(folder, 'dist'))).toEqual(tree('dist'));
});
