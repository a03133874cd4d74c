import type { Review } from '../../../review/document.ts';
import { type Drawing, drawing, MERMAID_LIMIT } from '../../../review/markdown/mermaid.ts';
import { dangerous, holdTime, home, nodeComes } from '../reviews.ts';
import { HOSTILE } from './hostile.ts';
import { type Parsed, parseDrawings } from './mermaid-parser.ts';

type Picture = Review['picture'];

const drawn = (picture: Picture, limit = MERMAID_LIMIT): Drawing => {
  const result = drawing(picture, limit);
  if (result === undefined || result === 'too large') throw new Error(`no drawing: ${result}`);
  return result;
};
const textOf = (one: Drawing): string => one.lines.join('\n');

const hostilePicture = (name: string): Picture => ({
  regions: [
    { name, change: 'changed' },
    { name: 'empty', change: 'added' },
  ],
  boxes: [
    { id: name, kind: 'router', label: name, region: name, change: 'added' },
    { id: 'b0', kind: 'nodes', label: `${name}${name}`, region: null, change: 'removed' },
    { id: 'x', kind: 'node', label: `a${name}z`, region: 'nowhere', change: 'changed' },
  ],
  lines: [
    { from: name, to: 'b0', sessions: 2, change: 'reset' },
    { from: 'b0', to: 'x', sessions: 0, change: 'gone' },
    { from: 'x', to: 'nothing', sessions: 1, change: 'new' },
  ],
});

/** Boxes with lines between some of them, of which every n-th changes. */
const network = (boxes: number, lines: number, every: number): Picture => ({
  regions: [{ name: 'one', change: 'same' }],
  boxes: Array.from({ length: boxes }, (_, index) => ({
    id: `box-${index}`,
    kind: 'node' as const,
    label: `node-${index}`,
    region: 'one',
    change: 'same' as const,
  })),
  lines: Array.from({ length: lines }, (_, index) => ({
    from: `box-${index % boxes}`,
    to: `box-${(index + 1 + Math.floor(index / boxes)) % boxes}`,
    sessions: 1,
    change: index % every === 0 ? ('new' as const) : ('kept' as const),
  })),
});

/** The drawings of the tests below, parsed in one go. */
const drawings = {
  node: drawn(nodeComes().picture),
  hold: drawn(holdTime().picture),
  most: drawn(network(100, 500, 7)),
  part: drawn(network(100, 501, 7)),
  many: drawn(network(3000, 1, 1)),
};
let parsed: Record<keyof typeof drawings, Parsed>;
let parsedHostile: readonly Parsed[];

beforeAll(() => {
  const texts = [...Object.values(drawings), ...HOSTILE.map((name) => drawn(hostilePicture(name)))];
  const results = parseDrawings(texts.map(textOf));
  const names = Object.keys(drawings);
  parsed = Object.fromEntries(names.map((name, index) => [name, results[index]])) as typeof parsed;
  parsedHostile = results.slice(names.length);
});

test('regions contain their routers and nodes, and new parts are marked', () => {
  expect(parsed.node.error).toBeUndefined();
  expect(parsed.node.regions.map(({ title, nodes }) => [title, [...nodes].sort()])).toEqual(
    expect.arrayContaining([
      ['WDS', ['b0', 'b3', 'b4', 'b6']],
      ['Global', ['b2', 'b5']],
    ]),
  );
  expect(parsed.node.boxes.filter(({ classes }) => classes.includes('added'))).toMatchObject([
    { id: 'b6', text: 'kubenode-wds-2' },
  ]);
  expect(parsed.node.lines.filter(({ stroke }) => stroke === 'thick')).toMatchObject([
    { start: 'b0', end: 'b6' },
  ]);
  expect(drawings.node.legend).toEqual(['green: new']);
});

test('lines that reset say so', () => {
  expect(parsed.hold.lines.filter(({ text }) => text === 'reset')).toHaveLength(4);
  expect(drawings.hold.legend).toEqual(['orange, dotted: resets']);
});

test('without changes there is no drawing', () => {
  expect(drawing(home(), MERMAID_LIMIT)).toBeUndefined();
  expect(drawing(dangerous(false).picture, MERMAID_LIMIT)).toBeUndefined();
  expect(drawing({ regions: [], boxes: [], lines: [] }, MERMAID_LIMIT)).toBeUndefined();
});

test('a new empty region is drawn', () => {
  const planned: Picture = { ...home(), regions: [...home().regions, { name: 'Domestic', change: 'added' }] };
  expect(textOf(drawn(planned))).toContain('subgraph r2["Domestic"]\n  end\n  class r2 added');
});

test('as many lines as mermaid accepts are drawn; beyond that only changes, and their ends', () => {
  expect(parsed.most.error).toBeUndefined();
  expect([drawings.most.isPart, parsed.most.lines.length]).toEqual([false, 500]);
  expect(parsed.part.error).toBeUndefined();
  expect([drawings.part.isPart, parsed.part.lines.length]).toEqual([true, 72]);
  expect(parsed.many.error).toBeUndefined();
  expect([drawings.many.isPart, parsed.many.boxes.length]).toEqual([true, 2]);
});

test('what is still too large is not drawn', () => {
  expect(drawing(network(100, 501, 1), MERMAID_LIMIT)).toBe('too large');
  expect(drawing(network(20_000, 400_000, 1), MERMAID_LIMIT)).toBe('too large');
});

test('the limit is kept to the character', () => {
  const { length } = textOf(drawings.node);
  expect(drawn(nodeComes().picture, length + 1).isPart).toBe(false);
  expect(drawn(nodeComes().picture, length).isPart).toBe(true);
});

test.each(HOSTILE.map((name, index) => [[...JSON.stringify(name)].slice(0, 40).join(''), index] as const))(
  'mermaid takes %s for a name',
  (_, index) => {
    const result = parsedHostile[index];
    const name = HOSTILE[index] ?? '';
    expect(result?.error).toBeUndefined();
    expect(result?.boxes.map(({ id, labelType }) => [id, labelType])).toEqual(
      expect.arrayContaining([
        ['b0', 'string'],
        ['b1', 'string'],
        ['b2', 'string'],
      ]),
    );
    expect(result?.lines).toHaveLength(2);
    const source = textOf(drawn(hostilePicture(name)));
    for (const line of source.split('\n')) {
      const [, text = ''] = /(?<!\|)"(.*)"/.exec(line) ?? [];
      // Letters, digits, spaces, word connectors, and codes.
      expect(text).toMatch(/^([\p{L}\p{Nd}]|[\p{L}\p{Nd}][-._](?=[\p{L}\p{Nd}])| |#\d+;)*$/u);
      expect(text.length).toBeLessThan(600);
    }
  },
);
