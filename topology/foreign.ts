/**
 * Text written by others (a pull request, a router, a cluster, a program) on its way to a terminal or a log. The reader
 * must see all of it, and nothing may interpret it.
 */

/** Tabs as one space, so that carets stay aligned; what a terminal would interpret, as its code point. For one line. */
export function printable(text: string): string {
  return text.replace(/\t/g, ' ').replace(UNPRINTABLE, (char) => `<${codePoint(char)}>`);
}

/** Control, bidirectional and invisible characters, line separators, lone surrogates. */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

export const codePoint = (char: string): string =>
  `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** The same for several lines, which may be indented with tabs; no line starts a command of GitHub's runner. */
export const harmless = (text: string): string =>
  text
    .split('\n')
    .map((line) => withoutCommand(line.split('\t').map(printable).join('\t')))
    .join('\n');

/**
 * The runner (ActionCommand) obeys `::name ...::` after leading white space, and `##[name ...]` anywhere in a line. A lone IPv6
 * address starts no command. It compares as .NET does, which ignores invisible characters: none is left by now, and one
 * between the colons would have no effect.
 */
const withoutCommand = (line: string): string =>
  line
    .replace(/^(\s*):(?=:(?:\s*\p{L}|.*::))/u, (_, before: string) => `${before}<${codePoint(':')}>`)
    .replaceAll('##[', `##<${codePoint('[')}>`);

/** A value as equivalent JSON, in characters that neither terminal nor runner interprets. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => line.replace(UNPRINTABLE, escaped).replaceAll('##[', '#\\u0023['))
    .join('\n');

/** A character outside the Basic Multilingual Plane is two code units. */
const escaped = (char: string): string =>
  [...Array(char.length).keys()]
    .map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
