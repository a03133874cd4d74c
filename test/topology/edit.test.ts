import fc from 'fast-check';
import { parse, parseDocument } from 'yaml';
import { type Edit, editedText } from '../../topology/edit.ts';
import { reportText } from '../fixture/report.ts';

const edited = (text: string, ...edits: readonly Edit[]): string => {
  const done = editedText(text, edits);
  return 'cannot' in done ? `cannot: ${done.cannot}` : done.text;
};

test.each([
  [
    'a value, with the comment behind it',
    'a: 1   # one\nb: 2\n',
    { path: ['a'], value: 5 },
    'a: 5   # one\nb: 2\n',
  ],
  [
    'a value inside braces',
    'a: {b: 1, c: "x"} # c\n',
    { path: ['a', 'c'], value: 'no' },
    'a: {b: 1, c: "no"} # c\n',
  ],
  [
    'a new key of a block',
    'a:\n  b: 1   # one\n\n# next\nc: 2\n',
    { path: ['a', 'd'], value: true },
    'a:\n  b: 1   # one\n  d: true\n\n# next\nc: 2\n',
  ],
  [
    'a new key behind a deep one',
    'a:\n  b:\n    - x\n    - y  # last\nc: 2\n',
    { path: ['a', 'd'], value: 1 },
    'a:\n  b:\n    - x\n    - y  # last\n  d: 1\nc: 2\n',
  ],
  [
    'a new key in braces',
    'a: {b: 1,\n    c: 2}\n',
    { path: ['a', 'd'], value: 3 },
    'a: {b: 1,\n    c: 2, d: 3}\n',
  ],
  ['a new key in empty braces', 'a: {} # none\n', { path: ['a', 'd'], value: 3 }, 'a: {d: 3} # none\n'],
  ['a map that is not there', 'a: 1\n', { path: ['b', 'c'], value: 3 }, 'a: 1\nb: {c: 3}\n'],
  ['a key without a value', 'a:\nb: 2\n', { path: ['a', 'c'], value: 3 }, 'a: {c: 3}\nb: 2\n'],
  ['a last line without its end', 'a: 1', { path: ['b'], value: 2 }, 'a: 1\nb: 2'],
  [
    'lines of Windows',
    'a: 1\r\nb:\r\n  c: 1\r\n',
    { path: ['b', 'd'], value: 2 },
    'a: 1\r\nb:\r\n  c: 1\r\n  d: 2\r\n',
  ],
  [
    'behind a text of several lines',
    'a: |\n  x\n  y\nb: 1\n',
    { path: ['c'], value: 2 },
    'a: |\n  x\n  y\nb: 1\nc: 2\n',
  ],
  [
    'a renamed key',
    'r: {router: a, m: cn}\n',
    { path: ['r', 'router'], value: ['a', 'b'], as: 'routers' },
    'r: {routers: [a, b], m: cn}\n',
  ],
  [
    'one more item',
    'r:\n  - a # first\n  - b\nc: 1\n',
    { path: ['r', 2], value: 'x' },
    'r:\n  - a # first\n  - b\n  - x\nc: 1\n',
  ],
  ['one more item in brackets', 'r: [a]\n', { path: ['r', 1], value: 'x' }, 'r: [a, x]\n'],
] as const)('%s', (_, text, edit, result) => {
  expect(edited(text, edit as Edit)).toBe(result);
});

test.each([
  ['a: &x {b: 1}\nc: *x\n', { path: ['a', 'b'], value: 2 }],
  ['a: &x {b: 1}\nc: *x\n', { path: ['c', 'b'], value: 2 }],
  ['a: &x 1\nc: *x\n', { path: ['a'], value: 2 }],
  ['a:\n  - b\n', { path: ['a'], value: [1] }],
  ['a: |\n  text\n', { path: ['a'], value: 'x' }],
  ['a: 1\n', { path: ['a', 'b'], value: 2 }],
  ['a: [\n', { path: ['b'], value: 2 }],
] as const)('%j is left alone', (text, edit) => {
  expect(edited(text, edit as Edit)).toMatch(/^cannot: /);
});

test("in the report's topology each comment stays, and the diff is the line", () => {
  const before = reportText();
  const after = edited(
    before,
    { path: ['pods', 'mtu'], value: 1400 },
    { path: ['routers', 'gateway', 'nodeAddress'], value: '192.168.100.9' },
    { path: ['regions', 'Global', 'router'], value: ['global-ns', 'cn-ns'], as: 'routers' },
    { path: ['bgp', 'holdTime'], value: 20 },
  );
  const [old, now] = [before.split('\n'), after.split('\n')];
  expect(now.filter((line) => !old.includes(line))).toEqual([
    '  holdTime: 20',
    '  mtu: 1400                       # a number, or auto: the smallest MTU on any pod path',
    '  Global:   {routers: [global-ns, cn-ns]}',
    '  gateway:      {routerId: 192.168.100.1, nodeAddress: 192.168.100.9, backboneAddress: "fd18:3e15:61d0:cafe:f002::1"}   # (a)',
  ]);
  expect(now).toHaveLength(old.length + 1);
});

test('whatever a file looks like, an edit sets its value and nothing else, or is refused', () => {
  const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 8 }), fc.constant(null));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c d', '1', 'no'), tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tree, { minKeys: 1 }),
      fc.array(fc.constantFrom('a', 'b', 'c d', '1', 'no'), { minLength: 1, maxLength: 3 }),
      fc.oneof(fc.integer(), fc.string({ maxLength: 8 })),
      fc.boolean(),
      (value, path, set, isFlow) => {
        const document = parseDocument('');
        document.contents = document.createNode(value, { flow: isFlow }) as never;
        document.comment = ' the end';
        const text = document.toString();
        const done = editedText(text, [{ path, value: set }]);
        if ('cannot' in done) return;
        const wanted = structuredClone(parse(text));
        let inner = wanted;
        for (const [at, key] of path.entries()) {
          inner[key] = at === path.length - 1 ? set : (inner[key] ?? {});
          inner = inner[key];
        }
        expect(parse(done.text)).toEqual(wanted);
        expect(done.text).toContain('# the end');
      },
    ),
    { numRuns: 500 },
  );
});
