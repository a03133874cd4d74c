import fc from 'fast-check';
import { code, fence, link, prose } from '../../../review/markdown/text.ts';
import { counted, listed, number } from '../../../review/numbers.ts';
import { HOSTILE, hostile } from './hostile.ts';
import { expectInert } from './inert.ts';
import { partsOf } from './tree.ts';

const ALL = Number.POSITIVE_INFINITY;
const title = (text: string): string => [...JSON.stringify(text)].slice(0, 40).join('');

test('plain text stays unchanged', () => {
  for (const text of [
    'the MTU of pods changes, and pods take it (when they are restarted): 1370',
    "region WDS has its hosts' own address 10.0.0.1/24 or fd00; nothing else!",
    'every 20 s, 50-60 of them, e1--w1/ipv4',
  ]) {
    expect(prose(text, ALL)).toBe(text);
  }
});

test('an ASCII arrow becomes an arrow, and other words become code, adjacent ones together', () => {
  expect(prose('hold time 15 -> 20', ALL)).toBe('hold time 15 → 20');
  expect(prose('kubenode-wds-1 loses bgp_x @y, then (node-2).', ALL)).toBe(
    '`kubenode-wds-1` loses `bgp_x @y`, then (`node-2`).',
  );
  expect(prose('', ALL)).toBe('(nothing)');
});

test.each([
  ['a place that has an emoji in it', 'topology.yaml:100:3', '`topology.yaml:100:3`'],
  ['an address', 'see https://example.com/x', 'see `https://example.com/x`'],
  ['a mention', 'cc @octocat.', 'cc `@octocat`.'],
  ['an issue', 'fixes #12', 'fixes `#12`'],
  ['a commit', 'in 1a2b3c4d', 'in `1a2b3c4d`'],
  ['the start of a list', '1. one', '`1`. one'],
  ['the start of a heading', '# one', '`#` one'],
  ['a rule', '---', '`---`'],
  ['lines', 'a\nb\r\nc', '`a<U+000A>b<U+000D><U+000A>c`'],
])('%s is shown and does nothing', (_, text, expected) => {
  expect(prose(text, ALL)).toBe(expected);
});

test('names are code, whatever they contain', () => {
  expect(code('gateway', ALL)).toBe('`gateway`');
  expect(code('a`b', ALL)).toBe('``a`b``');
  expect(code('`', ALL)).toBe('`` ` ``');
  expect(code(' a ', ALL)).toBe('`  a  `');
  expect(code('a|b\u202e', ALL)).toBe('`a<U+007C>b<U+202E>`');
  expect(code('<!-- x -->', ALL)).toBe('`<U+003C>!-- x -->`');
  expect(code('`'.repeat(100), ALL)).toBe('`<100 times U+0060>`');
  expect(code('', ALL)).toBe('(no name)');
});

test('long text ends in dots, never in half a character', () => {
  expect(code('abcdef', 6)).toBe('`abcdef`');
  expect(code('abcdefg', 6)).toBe('`abcde…`');
  expect(code('abcd🙂🙂', 6)).toBe('`abcd…`');
  expect(code('abc🙂🙂', 6)).toBe('`abc🙂…`');
  expect(prose('some words and more', 11)).toBe('some words…');
  expect(code('x'.repeat(1 << 20), 6)).toBe('`xxxxx…`');
});

test('a fence is longer than any run of backticks in it', () => {
  expect(fence('diff', ['+a'])).toBe('```diff\n+a\n```');
  expect(fence('diff', [' ````', ' b'])).toBe('`````diff\n ````\n b\n`````');
  expect(fence('diff', [`+${'`'.repeat(300)}`])).toBe('```diff\n+<300 times U+0060>\n```');
  expect(fence('diff', ['+\ta\r'])).toBe('```diff\n+\ta<U+000D>\n```');
});

test('only addresses of the web are linked to', () => {
  expect(link('here', 'https://github.com/o/r/actions/runs/1')).toBe(
    '[here](<https://github.com/o/r/actions/runs/1>)',
  );
  expect(link('here', 'https://example.com/a>b)<c`')).toBe('[here](<https://example.com/a%3Eb)%3Cc%60>)');
  expect(link('here', 'javascript:alert(1)')).toBeUndefined();
  expect(link('here', 'run 12')).toBeUndefined();
  expect(link('here', `https://example.com/${'x'.repeat(4000)}`)).toBeUndefined();
});

test('numbers and lists read as people write them', () => {
  expect([1, 9999, 12_000, 1_234_567, 0.5, 1e300].map(number)).toEqual([
    '1',
    '9999',
    '12,000',
    '1,234,567',
    '0.5',
    'very many',
  ]);
  expect([counted(1, 'node'), counted(2, 'node')]).toEqual(['1 node', '2 nodes']);
  const list = (...items: string[]) => listed(items, 3, (item) => item);
  expect([list(), list('a'), list('a', 'b'), list('a', 'b', 'c'), list('a', 'b', 'c', 'd')]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
    'a, b, c and 1 more',
  ]);
});

/** Each kind of text in each place where it can occur. */
const placed = (text: string): string =>
  [
    `- ${prose(text, ALL)}\n- ${code(text, ALL)} x`,
    `| a | b |\n|---|---|\n| ${code(text, ALL)} | ${prose(text, ALL)} |`,
    `> [!CAUTION]\n> - ${prose(text, ALL)}. **Instead:** ${prose(text, ALL)}`,
    code(text, ALL),
    `<details>\n<summary>Files: 1</summary>`,
    fence('diff', [text, `+${text}`, ` ${text}`]),
    '</details>',
    `<sub>${code(text, ALL)}</sub>`,
  ].join('\n\n');

test.each(HOSTILE.map((text) => [title(text), text] as const))('%s does nothing anywhere', (_, text) => {
  const parts = expectInert(placed(text));
  expect(parts.filter(({ type }) => type === 'tableCell')).toHaveLength(4);
  expect(parts.filter(({ type }) => type === 'listItem')).toHaveLength(3);
});

test('nothing that anybody may write does anything anywhere', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const parts = expectInert(placed(text));
      expect(parts.filter(({ type }) => type === 'tableCell')).toHaveLength(4);
      expect(parts.filter(({ type }) => type === 'listItem')).toHaveLength(3);
      expect(parts.filter(({ type }) => type === 'code')).toHaveLength(1);
    }),
    { numRuns: 500 },
  );
});

test('inline code shows the name, as far as it is visible', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...'ab `\\*@#é'), { minLength: 1 }), (chars) => {
      const name = chars.join('');
      fc.pre(name.trim() !== '');
      const [shown] = partsOf(code(name, ALL)).filter(({ type }) => type === 'inlineCode');
      expect(shown?.value).toBe(name);
    }),
  );
});

test('a megabyte of anything is fast', () => {
  // Anything quadratic would exceed the test's time.
  for (const piece of [')', '`', '@ ', 'a:', '\n', '\\', '<!--']) {
    const text = piece.repeat((1 << 20) / piece.length);
    for (const rendered of [prose(text, ALL), code(text, ALL), fence('diff', [text])]) {
      expect(rendered.length).toBeGreaterThan(0);
    }
  }
});
