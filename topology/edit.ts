import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parse,
  parseDocument,
  stringify,
  type YAMLMap,
  type Node as YamlNode,
} from 'yaml';
import type { Path } from './model.ts';

/** A value to be set in the text of a topology, where there is one or none. */
export interface Edit {
  readonly path: Path;
  readonly value: unknown;
  /** What the last key of the path is called from now on: `routers` in place of `router`. */
  readonly as?: string;
}

export type Edited = { readonly text: string } | { readonly cannot: string };

/** The text with these values set. Everything else stays byte for byte: comments, order, spaces. */
export function editedText(text: string, edits: readonly Edit[]): Edited {
  let now = text;
  for (const edit of edits) {
    const next = editedOnce(now, edit);
    if ('cannot' in next) return next;
    now = next.text;
  }
  return { text: now };
}

function editedOnce(text: string, edit: Edit): Edited {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  if (document.errors.length > 0) return { cannot: 'the file has faults' };
  const splice = spliceFor(text, document, edit);
  if (typeof splice === 'string') return { cannot: splice };
  const edited = splice.reduceRight((all, { from, to, by }) => all.slice(0, from) + by + all.slice(to), text);
  // Whatever form the file has: what is written must be what was meant, and nothing else.
  return isSame(plain(edited), expected(plain(text), edit))
    ? { text: edited }
    : { cannot: `${edit.path.join('.')} stands in a form that noencap does not edit` };
}

/** Of values as YAML has them; the order of keys means nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isSame(value, right.get(key)))
  );
}

function plain(text: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch {
    return undefined;
  }
}

function expected(value: unknown, { path: [key, ...rest], value: set, as }: Edit): unknown {
  if (key === undefined) return set;
  if (Array.isArray(value)) {
    const copy = [...value];
    copy[Number(key)] = expected(value[Number(key)], { path: rest, value: set, ...(as && { as }) });
    return copy;
  }
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  const name = rest.length === 0 ? (as ?? key) : key;
  const { [String(key)]: was, ...others } = fields;
  return { ...others, [String(name)]: expected(was, { path: rest, value: set, ...(as && { as }) }) };
}

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

const SHARED = 'stands at an anchor, which other places share';

/** What to put where, in the order of the text; in words, why nothing can be. */
function spliceFor(text: string, document: Document, { path, value, as }: Edit): Splice[] | string {
  let node: unknown = document.contents;
  for (const [index, key] of path.entries()) {
    const rest = path.slice(index + 1);
    const at = path.slice(0, index + 1).join('.');
    if (isAlias(node) || (node as YamlNode & { anchor?: string })?.anchor !== undefined)
      return `${at} ${SHARED}`;
    if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (item === undefined)
        return appended(text, node.items, node.flow === true, node.range, nested(rest, value));
      node = item;
      continue;
    }
    if (!isMap(node)) return `${at} has no fields to be set`;
    const pair = node.items.find((one) => isScalar(one.key) && String(one.key.value) === String(key));
    if (pair === undefined) return inserted(text, node, String(key), nested(rest, value));
    if (rest.length === 0) return replaced(pair, value, as);
    if (isEmpty(pair.value)) return replaced(pair, nested(rest, value), undefined);
    node = pair.value;
  }
  return replacedNode(node, value);
}

const isEmpty = (value: unknown): boolean => value === null || (isScalar(value) && value.value === null);

/** `{a: {b: value}}` of the path a.b. */
const nested = (path: Path, value: unknown): unknown =>
  path.reduceRight<unknown>((inner, key) => ({ [String(key)]: inner }), value);

function replaced({ key, value: node }: Pair, value: unknown, as: string | undefined): Splice[] | string {
  const name = (key as YamlNode).range;
  const inner = replacedNode(node, value);
  if (typeof inner === 'string' || as === undefined) return inner;
  return name ? [{ from: name[0], to: name[1], by: flow(as) }, ...inner] : 'a key has no place';
}

function replacedNode(node: unknown, value: unknown): Splice[] | string {
  const { range, anchor, tag } = (node ?? {}) as YamlNode & { anchor?: string; tag?: string };
  if (!range) return 'a value has no place';
  if (isAlias(node) || anchor !== undefined) return `it ${SHARED}`;
  const isBlock =
    (isCollection(node) && node.flow !== true) || (isScalar(node) && /^BLOCK/.test(node.type ?? ''));
  if (isBlock || (tag !== undefined && !tag.startsWith('tag:yaml.org,2002:')))
    return 'it is written over several lines';
  const gap = range[0] === range[1] ? ' ' : '';
  return [{ from: range[0], to: range[1], by: gap + flow(value) }];
}

/** A new key, behind the last one. */
function inserted(text: string, map: YAMLMap, key: string, value: unknown): Splice[] | string {
  const entry = `${flow(key)}: ${flow(value)}`;
  const last = map.items.at(-1);
  if (map.flow === true || last === undefined) {
    if (map.flow !== true || !map.range) return 'a map has no place';
    const from = last === undefined ? map.range[0] + 1 : endOf(last);
    return [{ from, to: from, by: last === undefined ? entry : `, ${entry}` }];
  }
  const first = (map.items[0]?.key as YamlNode | undefined)?.range;
  if (!first) return 'a map has no place';
  const indent = first[0] - (text.lastIndexOf('\n', first[0] - 1) + 1);
  return lineBehind(text, endOf(last), `${' '.repeat(indent)}${entry}`);
}

function appended(
  text: string,
  items: readonly unknown[],
  isFlow: boolean,
  range: readonly [number, number, number] | null | undefined,
  value: unknown,
): Splice[] | string {
  const last = items.at(-1) as YamlNode | undefined;
  if (!range) return 'a list has no place';
  if (isFlow) {
    const from = last === undefined ? range[0] + 1 : endOf(last);
    return [{ from, to: from, by: last === undefined ? flow(value) : `, ${flow(value)}` }];
  }
  if (last === undefined) return 'a list has no place';
  const start = text.lastIndexOf('\n', (last.range?.[0] ?? 0) - 1) + 1;
  const dash = text.indexOf('-', start) - start;
  return lineBehind(text, endOf(last), `${' '.repeat(dash)}- ${flow(value)}`);
}

/** Behind the line on which something ends, with its comment. */
function lineBehind(text: string, end: number, line: string): Splice[] {
  const found = text.indexOf('\n', end);
  const from = found < 0 ? text.length : found - (text[found - 1] === '\r' ? 1 : 0);
  const feed = text.includes('\r\n') ? '\r\n' : '\n';
  return [{ from, to: from, by: `${feed}${line}` }];
}

/** Where the last character of it stands, without comments and blank lines behind it. */
function endOf(one: unknown): number {
  const { key, value } = one as Pair;
  if (key !== undefined) return value === null ? ((key as YamlNode).range?.[1] ?? 0) : endOf(value);
  const node = one as YamlNode;
  if (isCollection(node) && node.flow !== true && node.items.length > 0) return endOf(node.items.at(-1));
  const end = node.range?.[1] ?? 0;
  // A block scalar's end is the start of the next line.
  return isScalar(node) && /^BLOCK/.test(node.type ?? '') ? end - 1 : end;
}

/** In one line, quoted where some YAML reads it differently. */
const flow = (value: unknown): string =>
  stringify(value, {
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
    compat: 'yaml-1.1',
  }).trimEnd();
