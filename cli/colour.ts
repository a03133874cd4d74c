import { randomBytes } from 'node:crypto';

/** Marks text, for `painted` to make colours of: what others wrote cannot have colours, and cannot know the mark. */
export type Colour = Readonly<Record<keyof typeof CODES, (text: string) => string>>;

/** Select Graphic Rendition (ECMA-48 8.3.117): on, and off again. */
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

const MARK = `\u001b${randomBytes(16).toString('hex')}`;

export function colours(areWanted: boolean): Colour {
  const paint = ([on, off]: readonly [number, number]) =>
    areWanted ? (text: string) => `${MARK}[${on}m${text}${MARK}[${off}m` : (text: string) => text;
  return Object.fromEntries(Object.entries(CODES).map(([name, code]) => [name, paint(code)])) as Colour;
}

/** Renders the text between marks with `show`, and the marks as terminal escapes. */
export const painted = (text: string, show: (text: string) => string): string =>
  text
    .split(MARK)
    .map((part, index) => {
      const [mark = ''] = index === 0 ? [] : (/^\[\d+m/.exec(part) ?? []);
      return (mark === '' ? '' : `\u001b${mark}`) + show(part.slice(mark.length));
    })
    .join('');

/** Columns that a text takes; colours take none. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
export const visible = (text: string): number => text.replace(/\u001b[0-9a-f]*\[[0-9;]*m/g, '').length;
