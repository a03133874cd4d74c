import { buildSync } from 'esbuild';
import { NOENCAP } from '../../topology/own-command.ts';

/** The constant as a bundle has it. */
function bundled(define: Readonly<Record<string, string>>): string {
  const { outputFiles } = buildSync({
    entryPoints: ['topology/own-command.ts'],
    bundle: true,
    format: 'cjs',
    define,
    write: false,
  });
  const module = { exports: { NOENCAP: '' } };
  new Function('module', outputFiles[0]?.text ?? '')(module);
  return module.exports.NOENCAP;
}

test('noencap is named as one types it: in a clone by its file, from the package through npx', () => {
  expect(NOENCAP).toBe('bin/noencap');
  expect(bundled({})).toBe('bin/noencap');
  expect(bundled({ NOENCAP_PACKAGED: 'true' })).toBe('npx noencap');
});
