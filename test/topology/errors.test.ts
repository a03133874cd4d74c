import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatFault, loadTopology } from '../../topology/index.ts';

/** A bad input is a pair of files here: the topology, and noencap's messages. */
const FOLDER = join('test', 'topology', 'errors');

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => basename(file, '.yaml'))
  .sort();

function faultsOf(name: string) {
  const loaded = loadTopology({ file: 'topology.yaml', bytes: readFileSync(join(FOLDER, `${name}.yaml`)) });
  if (loaded.ok) return { text: 'nothing is wrong\n', codes: [] };
  const faults = loaded.faults.map((one) => formatFault(one, loaded.source));
  return { text: `${faults.join('\n\n')}\n`, codes: loaded.faults.map(({ code }) => code) };
}

test.each(names)('%s (UPDATE_GOLDEN=1 rewrites it)', (name) => {
  const expected = join(FOLDER, `${name}.txt`);
  const { text } = faultsOf(name);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expected, text);
  expect(text).toBe(readFileSync(expected, 'utf8'));
});

/** Faults without a place in a file: a missing file, or values that YAML cannot express. */
const WITHOUT_FILE = [
  'file-forbidden',
  'file-is-folder',
  'file-missing',
  'file-too-large',
  'file-unreadable',
  'not-plain',
  'operator-manifest-content',
  'operator-manifest-missing',
  'operator-manifest-sha256',
];

test('every fault code has an example here', () => {
  const codes = [...readFileSync('topology/codes.ts', 'utf8').matchAll(/^ {2}\| '([a-z0-9-]+)'/gm)].map(
    ([, code = '']) => code,
  );
  expect(codes.length).toBeGreaterThan(100);
  const shown = new Set(names.flatMap((name) => faultsOf(name).codes));
  expect(codes.filter((code) => !shown.has(code as never))).toEqual(WITHOUT_FILE);
});

test('every message gives file, line, column and path, shows the place, and says how to fix it', () => {
  for (const name of names) {
    const { text } = faultsOf(name);
    for (const fault of text.trimEnd().split('\n\n')) {
      const lines = fault.split('\n');
      const [first = '', ...rest] = lines;
      expect({ name, first }).toEqual({
        name,
        first: expect.stringMatching(/^topology\.yaml(:\d+:\d+)? {2}\S.*\.$/),
      });
      expect({ name, fix: rest.at(-1) }).toEqual({ name, fix: expect.stringMatching(/^ {2}\S.*[.?]$/) });
      if (/^topology\.yaml:/.test(first))
        expect({ name, carets: rest[1] }).toEqual({ name, carets: expect.stringMatching(/^ +\| +\^+$/) });
    }
  }
});

describe('valid values, up to the limits', () => {
  const folder = join('test', 'topology', 'valid');
  test.each(readdirSync(folder).sort())('%s', (file) => {
    const loaded = loadTopology({ file, bytes: readFileSync(join(folder, file)) });
    expect(loaded.ok ? '' : loaded.faults.map((one) => formatFault(one, loaded.source)).join('\n')).toBe('');
  });
});
