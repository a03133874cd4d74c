import { type Context, evaluate, holds, interpolate, parse } from './expression.ts';

const values = { github: { repository: 'home/fabric', event: { label: { name: "it's" }, draft: false } } };
const value = (text: string, context: Context = { values }) => evaluate(parse(text), context);

test.each([
  ["'it''s'", "it's"],
  ["github.event.label.name == 'IT''S'", true],
  ['github.event.nothing.there', null],
  ["github.event.draft || 'ready'", 'ready'],
  ["github.repository && 'yes' || 'no'", 'yes'],
  ["'a' == 'b' || 'a' == 'a' && !false", true],
  ["!('a' == 'a' || true)", false],
  ["null == ''", true],
  ['1 == true', true],
  ['contains(fromJSON(\'["a", "B"]\'), \'b\')', true],
  ["contains('accept-danger', 'danger')", true],
  ["contains(github.event.nothing, 'x')", false],
])('%s is %j', (text, expected) => {
  expect(value(text)).toEqual(expected);
});

test.each(["'open", 'a ==', 'a b', 'f(a', '(a', '$', 'a[0]'])('%s is refused', (text) => {
  expect(() => parse(text)).toThrow();
});

test('a function that none of our workflows uses is refused', () => {
  expect(() => value("format('{0}', github.repository)")).toThrow('format');
});

test.each([
  [undefined, 'success', true],
  [undefined, 'failure', false],
  ["github.repository == 'home/fabric'", 'failure', false],
  ['${{ !cancelled() && github.repository }}', 'failure', true],
  ['${{ !cancelled() && github.repository }}', 'cancelled', false],
  ['always()', 'cancelled', true],
  ["failure() && github.repository == 'other'", 'failure', false],
] as const)('if: %s, after %s: %j', (condition, status, expected) => {
  expect(holds(condition, { values, status })).toBe(expected);
});

test('a text may contain any number of expressions, also across lines', () => {
  expect(interpolate('a ${{ github.repository }}-${{\n github.event.none }}.', { values })).toBe(
    'a home/fabric-.',
  );
});
