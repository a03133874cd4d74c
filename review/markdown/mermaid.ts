import type { Fabric } from '../../fabric/index.ts';
import { UNPRINTABLE } from '../../topology/fault.ts';
import type { Review } from '../document.ts';
import { picture } from '../picture.ts';
import { clipped } from './text.ts';

/** A diagram of a change, as mermaid source. */
export interface Drawing {
  readonly lines: readonly string[];
  /** The legend of the colours and lines it uses. */
  readonly legend: readonly string[];
  /** Whether unchanged parts of the network are omitted. */
  readonly isPart: boolean;
}

type Picture = Review['picture'];
type Box = Picture['boxes'][number];
type Line = Picture['lines'][number];

/** GitHub draws no more: mermaid's `maxTextSize` and `maxEdges`. */
export const MERMAID_LIMIT = 50_000;
const MOST_LINES = 500;

/**
 * The network with additions, removals and changes. Above the limit, unchanged parts are omitted; 'too large' if that does
 * not help, undefined if nothing changes.
 */
export function drawing(change: Picture, limit: number): Drawing | 'too large' | undefined {
  const changes = onlyChanges(change);
  if (changes.boxes.length + changes.lines.length === 0 && change.regions.every(isSame)) return undefined;
  return drawn(change, limit, false) ?? drawn(changes, limit, true) ?? 'too large';
}

/** The network as it is, in which nothing changes; undefined above the limit. */
export function networkDrawing(fabric: Fabric, limit: number): Drawing | undefined {
  const { regions, boxes, lines } = picture(fabric, fabric, [], []);
  return drawn({ regions: [...regions], boxes: [...boxes], lines: [...lines] }, limit, false);
}

const isSame = ({ change }: { readonly change: string }): boolean => change === 'same' || change === 'kept';

/** What changes, and the boxes at both ends of a line that does. */
function onlyChanges({ regions, boxes, lines }: Picture): Picture {
  const left = lines.filter((line) => !isSame(line));
  const ends = new Set(left.flatMap(({ from, to }) => [from, to]));
  return { regions, boxes: boxes.filter((box) => !isSame(box) || ends.has(box.id)), lines: left };
}

function drawn(whole: Picture, limit: number, isPart: boolean): Drawing | undefined {
  const ids = new Map(whole.boxes.map((box, index) => [box.id, `b${index}`]));
  const drawnLines = whole.lines.filter(({ from, to }) => ids.has(from) && ids.has(to));
  if (drawnLines.length > MOST_LINES || whole.boxes.length > limit) return undefined;
  const lines = [
    'flowchart LR',
    ...regionsOf(whole),
    ...drawnLines.map((line) => lineOf(line, ids)),
    ...styles(whole, drawnLines),
  ];
  if (lines.reduce((sum, line) => sum + line.length + 1, 0) > limit) return undefined;
  return { lines, legend: legendOf(whole, drawnLines), isPart };
}

/** Each region with its boxes; boxes without a region, or of a missing one, are placed outside. */
function regionsOf({ regions, boxes }: Picture): string[] {
  const inside = new Map<string, string[]>(regions.map(({ name }) => [name, []]));
  const outside: string[] = [];
  for (const [index, box] of boxes.entries()) {
    const container = (box.region === null ? undefined : inside.get(box.region)) ?? outside;
    container.push(`  ${boxOf(box, `b${index}`)}`);
  }
  const drawnOnce = [...new Map(regions.map((region) => [region.name, region])).values()];
  const subgraphs = drawnOnce.flatMap((region, index) => {
    const boxLines = inside.get(region.name) ?? [];
    if (boxLines.length === 0 && isSame(region)) return [];
    const id = `r${index}`;
    const style = isSame(region) ? [] : [`  class ${id} ${region.change}`];
    // Mermaid takes a region without boxes for a box.
    return [
      `  subgraph ${id}["${label(region.name)}"]`,
      ...boxLines.map((line) => `  ${line}`),
      '  end',
      ...style,
    ];
  });
  return [...subgraphs, ...outside];
}

const SHAPES: Readonly<Record<Box['kind'], readonly [string, string]>> = {
  router: ['[', ']'],
  node: ['(', ')'],
  nodes: ['[[', ']]'],
};

function boxOf({ kind, label: text, change }: Box, id: string): string {
  const [open, close] = SHAPES[kind];
  return `${id}${open}"${label(text)}"${close}${change === 'same' ? '' : `:::${change}`}`;
}

/** Not by colour alone: gone is dashed, new is thick, the rest is labelled. */
function lineOf({ from, to, sessions, change }: Line, ids: ReadonlyMap<string, string>): string {
  const link = { kept: '---', new: '===', gone: '-.-', reloaded: '---', reset: '-.-' }[change];
  const words = [
    ...(sessions === 1 ? [] : [`${sessions} sessions`]),
    ...(change === 'reset' || change === 'reloaded' ? [change] : []),
  ];
  const text = words.length === 0 ? '' : `|"${words.join(', ')}"|`;
  return `  ${ids.get(from)} ${link}${text} ${ids.get(to)}`;
}

/** Dark on light in each box, whatever the theme; lines in tones that both themes can be told from. */
const BOX_STYLES = {
  added: 'fill:#dafbe1,stroke:#1a7f37,color:#0f4d22,stroke-width:2px',
  removed: 'fill:#ffebe9,stroke:#cf222e,color:#82071e,stroke-width:2px,stroke-dasharray:5 4',
  changed: 'fill:#fff8c5,stroke:#9a6700,color:#4d2d00,stroke-width:2px',
} as const;

const LINE_STYLES = {
  new: 'stroke:#2da44e,stroke-width:3px',
  gone: 'stroke:#cf222e,stroke-width:2px',
  reloaded: 'stroke:#2f81f7,stroke-width:2px',
  reset: 'stroke:#d4790a,stroke-width:3px',
} as const;

function styles({ regions, boxes }: Picture, lines: readonly Line[]): string[] {
  const used = new Set<string>([...regions, ...boxes].map(({ change }) => change));
  const classes = Object.entries(BOX_STYLES).flatMap(([name, style]) =>
    used.has(name) ? [`  classDef ${name} ${style}`] : [],
  );
  const links = Object.entries(LINE_STYLES).flatMap(([name, style]) => {
    const indices = lines.flatMap(({ change }, index) => (change === name ? [index] : []));
    return indices.length === 0 ? [] : [`  linkStyle ${indices.join(',')} ${style}`];
  });
  return [...classes, ...links];
}

const LEGEND: readonly (readonly [changes: readonly string[], words: string])[] = [
  [['added', 'new'], 'green: new'],
  [['removed', 'gone'], 'red, dashed: removed'],
  [['changed'], 'yellow: changed'],
  [['reset'], 'orange, dotted: resets'],
  [['reloaded'], 'blue: routes sent again'],
];

function legendOf({ regions, boxes }: Picture, lines: readonly Line[]): string[] {
  const drawnChanges = new Set<string>([...regions, ...boxes, ...lines].map(({ change }) => change));
  return LEGEND.flatMap(([changes, words]) => (changes.some((one) => drawnChanges.has(one)) ? [words] : []));
}

const LONGEST_LABEL = 48;

/**
 * A name between quotes: letters, digits and single spaces, and what joins two of these; anything else as mermaid's code of it.
 * Mermaid looks for directives, styles, markdown and formulas in labels as well; none of these is left.
 */
function label(name: string): string {
  const line = clipped(name.slice(0, LONGEST_LABEL + 1).replace(UNPRINTABLE, '\ufffd'), LONGEST_LABEL).trim();
  const text = line === '' ? '(no name)' : line;
  return text.replace(
    /(?<![\p{L}\p{Nd}])[-._]|[-._](?![\p{L}\p{Nd}])|[^\p{L}\p{Nd}._ -]/gu,
    (char) => `#${char.codePointAt(0)};`,
  );
}
