import { parseDocument } from 'yaml';

/** One side of a difference: what is no longer there, or what is there now. */
export interface Half {
  readonly sign: '-' | '+';
  /** `apps/Deployment/web/web`; two if one is taken for the other after a rename. */
  readonly objects: readonly string[];
  /** The elements of its path; none for the whole object. An item of a list is `name=x`, or `*` if it has no name. */
  readonly steps: readonly string[];
  /** The values that it may stand for: dyff prints text verbatim, so `1` may be a number. Undefined if it is not shown. */
  readonly values: readonly unknown[] | undefined;
}

/** A list with the same items in a different order. */
export interface Reordered {
  readonly object: string;
  readonly steps: readonly string[];
}

export interface DyffReport {
  readonly halves: readonly Half[];
  readonly reordered: readonly Reordered[];
}

/** Reads what `dyff between --output=github --use-go-patch-style` wrote. */
export function readDyffReport(text: string): DyffReport {
  const sections = text
    .split(/^(?=@@ .* @@$)/m)
    .slice(1)
    .map(sectionOf);
  const former = new Map(sections.flatMap(formerName));
  const halves: Half[] = [];
  const reordered: Reordered[] = [];
  for (const { root, steps, details } of sections) {
    if (root === undefined) continue;
    const objects = [...new Set([root, former.get(root) ?? root].map(withoutVersion))];
    for (const detail of details) {
      if (detail.message.startsWith('⇆')) reordered.push({ object: withoutVersion(root), steps });
      else
        halves.push(
          ...halvesOf(detail).map((half) => ({ ...half, objects, steps: [...steps, ...half.steps] })),
        );
    }
  }
  return { halves, reordered };
}

interface Detail {
  /** `± value change`, `- one list entry removed:`. */
  readonly message: string;
  readonly removed: string;
  readonly added: string;
}

interface Section {
  /** Undefined for a statement about the whole file: the order of its documents. */
  readonly root: string | undefined;
  readonly steps: readonly string[];
  readonly details: readonly Detail[];
}

function sectionOf(text: string): Section {
  const path = /^@@ (.*) @@$/m.exec(text)?.[1] ?? '';
  return {
    root: /^# (.*)$/m.exec(text)?.[1],
    steps: path
      .split('/')
      .filter((step) => step !== '')
      .map((step) => (/^\d+$/.test(step) ? '*' : step)),
    details: text.split(/^! /m).slice(1).map(detailOf),
  };
}

/** Only the first line of a value has a sign. */
function detailOf(text: string): Detail {
  const [message = '', ...lines] = text.trimEnd().split('\n');
  const sides = { '-': [] as string[], '+': [] as string[] };
  let sign: '-' | '+' = '-';
  for (const line of lines) {
    if (line.startsWith('-') || line.startsWith('+')) sign = line.startsWith('-') ? '-' : '+';
    sides[sign].push(line.slice(2));
  }
  return { message, removed: sides['-'].join('\n'), added: sides['+'].join('\n') };
}

/** If dyff takes an object for a renamed one, it names the new one and gives the name of the old one. */
function formerName({ root, steps, details }: Section): [string, string][] {
  const part = steps.join('/');
  const [was, is] = [details[0]?.removed, details[0]?.added];
  if (root === undefined || was === undefined || is === undefined) return [];
  if (part === 'apiVersion' && root.startsWith(`${is}/`)) return [[root, was + root.slice(is.length)]];
  if (part === 'metadata/name' && root.endsWith(`/${is}`)) return [[root, root.slice(0, -is.length) + was]];
  return [];
}

/** `apps/v1/Deployment/web/web` and `v1/Namespace/web`: two versions of one group are the same object. */
const withoutVersion = (root: string): string => root.replace(/^([^/]+\/)?v\d\w*\//, '$1');

type Told = Pick<Half, 'sign' | 'steps' | 'values'>;

function halvesOf({ message, removed, added }: Detail): Told[] {
  if (message.startsWith('-')) return whole('-', message, read(removed));
  if (message.startsWith('+')) return whole('+', message, read(added));
  // Multi-line text is compared by lines, with signs in place of spaces.
  const isTold = !/multiline|whitespace/.test(message);
  const values = (text: string) => (isTold ? [text, read(text)] : undefined);
  // A number in a different notation (0x10, 16) is the same number.
  if (isTold && typeof read(removed) === 'number' && read(removed) === read(added)) return [];
  return [
    { sign: '-', steps: [], values: values(removed) },
    { sign: '+', steps: [], values: values(added) },
  ];
}

/** A document, the items of a list, or the entries of a map. */
function whole(sign: '-' | '+', message: string, value: unknown): Told[] {
  if (message.includes('document')) return [{ sign, steps: [], values: [value] }];
  if (Array.isArray(value)) return value.map((item) => ({ sign, steps: ['*'], values: [item] }));
  return Object.entries(value as object).map(([key, entry]) => ({
    sign,
    steps: key.split('/'),
    values: [entry],
  }));
}

const read = (text: string): unknown =>
  text === '<nil>' ? null : parseDocument(text, { version: '1.2' }).toJS();
