import { loadTopology } from '../../topology/index.ts';
import { CURRENT_VERSION, MIGRATIONS, type Migration, migrated } from '../../topology/migrations.ts';
import { reportText } from '../fixture/report.ts';

test('there is one for each version before the current one', () => {
  expect(MIGRATIONS.map(({ from }) => from)).toEqual(
    Array.from({ length: CURRENT_VERSION - 1 }, (_, index) => index + 1),
  );
});

/** Two versions of another format: `asn` became `as`, then moved into `bgp`. */
const LATER: readonly Migration[] = [
  { from: 1, migrate: ({ asn, ...rest }) => ({ ...rest, as: asn }) },
  { from: 2, migrate: ({ as, ...rest }) => ({ ...rest, bgp: { as } }) },
];

test.each([
  [{ version: 1, asn: 64512, name: 'home' }],
  [{ version: 2, as: 64512, name: 'home' }],
  [{ version: 3, bgp: { as: 64512 }, name: 'home' }],
])('%j is read as the current version has it, and stays as it is', (file) => {
  const before = structuredClone(file);
  expect(migrated(file, LATER, 3)).toEqual({ value: { version: 3, name: 'home', bgp: { as: 64512 } } });
  expect(file).toEqual(before);
});

test('a newer one is one fault, which says what to do', () => {
  const read = migrated({ version: 4, anything: 'else' }, LATER, 3);
  expect('newer' in read && read.newer).toMatchObject({
    code: 'version-newer',
    path: ['version'],
    message: 'is 4, and this noencap reads versions 1 to 3.',
  });
});

test.each([
  [undefined],
  [null],
  ['text'],
  [[]],
  [{}],
  [{ version: '2' }],
  [{ version: 1.5 }],
  [{ version: 0 }],
  [{ version: -1 }],
  [{ version: Number.MAX_VALUE * 2 }],
])('what %j is, the schema says', (file) => {
  expect(migrated(file, LATER, 3)).toEqual({ value: file });
});

test('a topology of a newer version has no other fault, whatever it holds', () => {
  const text = reportText().replace('version: 1\n', 'version: 7\nnews: true\n');
  const loaded = loadTopology({ file: 'topology.yaml', bytes: Buffer.from(text) });
  expect(loaded.ok).toBe(false);
  if (!loaded.ok)
    expect(loaded.faults.map(({ code, at }) => [code, at?.line])).toEqual([['version-newer', 5]]);
});
