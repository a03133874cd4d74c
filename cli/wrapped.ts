import { visible } from './colour.ts';

/** Breaks between words, behind the same indent; what has no blank stays whole. */
export function wrapped(text: string, indent: string, width: number): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (visible(line) > indent.length && visible(line) + visible(word) + 1 > width) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** Every line but the first further in. */
export function hanging(text: string, width: number, further: string): string[] {
  const [first = '', ...rest] = wrapped(text, '', width - further.length);
  return [first, ...rest.map((line) => `${further}${line}`)];
}

/** Lines of prose, each fitted into the width: what follows stands as far in as the line, and two further. */
export const fitted = (text: string, width: number): string =>
  text
    .split('\n')
    .flatMap((line) => {
      const [indent = ''] = /^ */.exec(line) ?? [];
      return hanging(line.slice(indent.length), width - indent.length, '  ').map((part) => indent + part);
    })
    .join('\n');
