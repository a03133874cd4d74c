import type { FaultCode } from './codes.ts';
import { printable } from './foreign.ts';
import type { Path } from './model.ts';
import type { Place, Source } from './source.ts';

export { codePoint, printable, UNPRINTABLE } from './foreign.ts';

/** One thing that is wrong with a topology file. No fault hides another. */
export interface Fault {
  readonly code: FaultCode;
  /** Position in the file's structure; empty for the whole file. */
  readonly path: Path;
  /** Undefined if the value came from TypeScript, or the file has no text to point at. */
  readonly at?: Place | undefined;
  /** `key`: the fault is about the key, not its value. */
  readonly part?: 'key';
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** The fix, in one sentence. */
  readonly fix: string;
  readonly notes?: readonly Note[];
}

/** Another place involved in the fault. */
export interface Note {
  readonly path: Path;
  readonly message: string;
}

/** One fault. `message` gets its full stop here; `fix` brings its own, since it may be a question. */
export function fault(
  code: FaultCode,
  path: Path,
  message: string,
  fix: string,
  more: Pick<Fault, 'part' | 'notes'> = {},
): Fault {
  return { code, path, message: `${withoutSecrets(message)}.`, fix: withoutSecrets(fix), ...more };
}

/**
 * Masks passwords, tokens, and the user names and queries of URLs, one asterisk per character. A topology has no field for
 * secrets, but one that lands there by mistake must not show up in a workflow's log. `git@` is everybody's user
 * name. Lengths are bounded: run time must not grow quadratically with file size.
 */
export const withoutSecrets = (text: string): string =>
  text
    .replace(
      /((?:password|passwd|passphrase|token|secret|psk|value)["']?:\s{0,8}["']?)([^\s"'{}[\],][^"'{}[\],]{0,256})/gi,
      hide,
    )
    .replace(/(:\/\/)([^\s"']{1,256})(?=@)/g, hide)
    .replace(/(^|[\s"'[{,])([^\s"'@:/[{]{1,64}:(?!\/\/)[^\s"'@]{1,256})(?=@[A-Za-z0-9])/g, hide)
    .replace(/(:\/\/[^\s"'?]{0,256}\?)([^\s"',\]}]+)/g, hide);

const hide = (_all: string, before: string, secret: string): string =>
  before + (secret === 'git' ? secret : '*'.repeat(secret.length));

/** Locates each fault, and sorts them in file order. */
export function located(faults: readonly Fault[], source: Source): Fault[] {
  const placed = faults.map((one) => ({ ...one, at: one.at ?? source.locate(one.path, one.part) }));
  return placed.sort(
    (a, b) =>
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0) ||
      compareText(pathText(a.path), pathText(b.path)) ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

/**
 * The fault as several lines of text, without a final newline: file, line and column, path, what is wrong; the line
 * with carets below; the fix. Control characters of the file never reach the terminal. `wrap` breaks a line of prose.
 */
export function formatFault(
  one: Omit<Fault, 'code'>,
  source: Source,
  wrap = (line: string): string => line,
): string {
  const at = one.at ?? source.locate(one.path, one.part);
  const where = at === undefined ? source.file : `${source.file}:${at.line}:${at.column}`;
  const path = pathText(one.path);
  return [
    wrap(printable(`${where}  ${path === '' ? '' : `${path}: `}${one.message}`)),
    ...(at === undefined ? [] : excerpt(at, source)),
    ...(one.notes ?? []).map((note) => wrap(`  ${printable(noteText(note, source))}`)),
    wrap(`  ${printable(one.fix)}`),
  ].join('\n');
}

/** `regions.WDS.router`, `pods.cidrs[0]`, `registryMirrors["docker.io"]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[A-Za-z0-9_-]+$/.test(part)) return `${text}[${JSON.stringify(withoutSecrets(part))}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

function noteText(note: Note, source: Source): string {
  const at = source.locate(note.path);
  const place = at === undefined ? '' : ` (line ${at.line})`;
  return `${pathText(note.path)}${place}: ${note.message}`;
}

/** Terminal width: of a longer line only the part around the place is shown. */
const EXCERPT_WIDTH = 140;

/** For a whole network on one line, as JSON: only the text near the place is processed. */
const LONGEST_LINE = 4000;

function excerpt(place: Place, source: Source): string[] {
  const { text: near, at } = nearby(source.line(place.line), place);
  const line = [...withoutSecrets(near)];
  const end = Math.max(at.column, Math.min(at.endColumn, line.length + 1));
  const from = at.column > EXCERPT_WIDTH - 40 ? at.column - 41 : 0;
  const shown = line.slice(from, from + EXCERPT_WIDTH).map(printable);
  const before = shown.slice(0, at.column - 1 - from);
  const marked = shown.slice(at.column - 1 - from, Math.max(end - 1, at.column) - from);
  const number = String(at.line);
  const cut = from > 0 ? '...' : '';
  const more = from + EXCERPT_WIDTH < line.length ? '...' : '';
  const text = `  ${number} | ${cut}${shown.join('')}${more}`.trimEnd();
  const carets = '^'.repeat(Math.max(1, width(marked.join(''))));
  return [
    text,
    `  ${' '.repeat(number.length)} | ${' '.repeat(cut.length + width(before.join('')))}${carets}`,
  ];
}

function nearby(text: string, at: Place): { text: string; at: Place } {
  if (text.length <= LONGEST_LINE) return { text, at };
  const from = Math.max(0, at.column - 1 - LONGEST_LINE / 2);
  const moved = { ...at, column: at.column - from, endColumn: at.endColumn - from };
  const points = [...text.slice(0, 2 * (from + LONGEST_LINE))].slice(from, from + LONGEST_LINE);
  return { text: points.join(''), at: moved };
}

/** Terminal columns: East Asian wide characters take two (Unicode TR 11), combining marks none. */
function width(text: string): number {
  return [...text].reduce(
    (sum, char) =>
      sum +
      (/\p{Mark}/u.test(char)
        ? 0
        : /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
              char,
            )
          ? 2
          : 1),
    0,
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
