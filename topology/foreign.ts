/**
 * Text that others wrote, on its way to a terminal or a log: of a pull request, a router, a cluster, a program. Whoever reads it
 * must see all of it, and nothing may obey it.
 */

/** Tabs as one space, so that carets stay in step; what a terminal would obey, as its code point. For one line. */
export function printable(text: string): string {
  return text.replace(/\t/g, ' ').replace(UNPRINTABLE, (char) => `<${codePoint(char)}>`);
}

/** Control, bidirectional and invisible characters, line separators, lone surrogates. */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

export const codePoint = (char: string): string =>
  `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** The same for any number of lines, which may be indented by tabs, and no line of it starts a command of GitHub's runner. */
export const harmless = (text: string): string =>
  text
    .split('\n')
    .map((line) => withoutCommand(line.split('\t').map(printable).join('\t')))
    .join('\n');

/**
 * The runner (ActionCommand) obeys `::name ...::` behind white space at the start of a line, and `##[name ...]` wherever it stands. An IPv6
 * address that stands alone starts none. It compares as .NET does, which passes over invisible characters: none is left by now, and one
 * between the colons would help nobody.
 */
const withoutCommand = (line: string): string =>
  line
    .replace(/^(\s*):(?=:(?:\s*\p{L}|.*::))/u, (_, before: string) => `${before}<${codePoint(':')}>`)
    .replaceAll('##[', `##<${codePoint('[')}>`);

/** A value as JSON that says exactly this, in characters that nothing obeys, terminal or runner. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => line.replace(UNPRINTABLE, escaped).replaceAll('##[', '#\\u0023['))
    .join('\n');

/** A character outside the first plane is two units. */
const escaped = (char: string): string =>
  [...Array(char.length).keys()]
    .map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
