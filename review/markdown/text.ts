import { codePoint, UNPRINTABLE } from '../../topology/fault.ts';

/*
 * A review may come from a fork, made by hand. Nothing in it may mention anybody, link anywhere, open or close markup, or look
 * like the marker of a comment. GitHub's filters for mentions, references, commits, mail addresses and emoji run on text after
 * markdown was rendered, so that neither a backslash nor an entity stops them; they pass over code. What is not plain beyond
 * doubt is therefore put into code, and what code itself could not hold is shown as its code point.
 */

/**
 * A name: as inline code, never longer than about this many characters. Also in the cell of a table, which ends at a `|` even
 * inside code.
 */
export function code(name: string, longest: number): string {
  const content = shown(name, longest);
  return content === '' ? '(no name)' : span(content);
}

/**
 * A sentence: its plain words as they are, all others as inline code. It has no line end, starts nothing that a line can start,
 * and never is much longer than this many characters: what consists of markup for the most part is code as a whole.
 */
export function prose(sentence: string, longest: number): string {
  const line = shown(sentence, longest);
  const words = line.split(' ').filter((word) => word !== '');
  const parts: string[] = [];
  let coded: string[] = [];
  const flush = () => {
    if (coded.length > 0) parts.push(codedWords(coded));
    coded = [];
  };
  for (const [index, word] of words.entries()) {
    if (word === '->' && index > 0) {
      flush();
      parts.push('→');
    } else if (isPlain(word) && (index > 0 || isPlainStart(word))) {
      flush();
      parts.push(word);
    } else {
      coded.push(word);
      // A word that ends a clause ends the code as well.
      if (/[,;:.!?)]$/.test(word)) flush();
    }
  }
  flush();
  // An item of a list with nothing in it would be a rule below the line before it.
  if (parts.length === 0) return '(nothing)';
  const text = parts.join(' ');
  return text.length > 1.5 * line.length + 8 ? span(line) : text;
}

/** Lines of text in a fence that they cannot close. */
export function fence(language: 'diff' | 'mermaid', lines: readonly string[]): string {
  const content = withoutMarkers(
    lines.join('\n').replace(UNPRINTABLE, (char) => (char === '\n' || char === '\t' ? char : visible(char))),
  );
  const ticks = '`'.repeat(Math.max(3, longestRun(content) + 1));
  return `${ticks}${language}\n${content}\n${ticks}`;
}

/** A link to where the whole of it is; undefined for what is no address of the web. */
export function link(label: string, address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, href } = new URL(address);
  if (!/^https?:$/.test(protocol) || href.length > LONGEST_ADDRESS) return undefined;
  return `[${label}](<${href.replace(/[\\<>`@]/g, (char) => encodeURIComponent(char))}>)`;
}

const LONGEST_ADDRESS = 2000;

/** One line without anything invisible, and without what this file does not put into inline code. */
function shown(text: string, longest: number): string {
  const line = text
    .slice(0, longest + 1)
    .replace(UNPRINTABLE, (char) => (char === '\t' ? ' ' : visible(char)))
    .replaceAll('|', () => visible('|'));
  return clipped(withoutMarkers(line), longest);
}

const visible = (char: string): string => `<${codePoint(char)}>`;

/** cmark counts no more than 80 backticks of inline code and 255 of a fence: longer runs would be text, or close early. */
const MOST_BACKTICKS = 40;
const TOO_MANY_BACKTICKS = new RegExp(`\`{${MOST_BACKTICKS + 1},}`, 'g');

/** Programs find their comments by a hidden `<!-- name -->` somewhere in the text: nobody plants one here. */
const withoutMarkers = (text: string): string =>
  text
    .replaceAll('<!--', () => `${visible('<')}!--`)
    .replace(TOO_MANY_BACKTICKS, (run) => `<${run.length} times ${codePoint('`')}>`);

/** No longer than this, and never half of a character. */
export function clipped(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const end = longest - 1;
  return `${text.slice(0, /[\ud800-\udbff]/.test(text[end - 1] ?? '') ? end - 1 : end)}…`;
}

const longestRun = (content: string): number =>
  [...content.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 0);

function span(content: string): string {
  const ticks = '`'.repeat(longestRun(content) + 1);
  // One space at both ends belongs to the code no longer.
  const pad = /^`|`$|^ .* $/.test(content) ? ' ' : '';
  return `${ticks}${pad}${content}${pad}${ticks}`;
}

/** Words that stand together, in one piece of code; brackets and punctuation around them are not part of it. */
function codedWords(words: readonly string[]): string {
  const text = words.join(' ');
  const from = text.startsWith('(') ? 1 : 0;
  let to = text.length;
  while (to > from && ',;:.!?)'.includes(text[to - 1] ?? ' ')) to -= 1;
  return to === from ? span(text) : `${text.slice(0, from)}${span(text.slice(from, to))}${text.slice(to)}`;
}

/** Made of letters, digits and punctuation that means nothing to markdown, and like nothing that GitHub makes a link of. */
const isPlain = (word: string): boolean =>
  /^[\p{L}\p{Nd}'’",.;:!?()/+–—…-]+$/u.test(word) && !LINKED.test(word);

/** Addresses, `:emoji:`, `GH-1` and what else a repository may link by its number, `GHSA-` advisories, commits. */
const LINKED = /\/\/|www\.|:.*:|\p{L}-\d|GHSA-|[0-9a-f]{7}/iu;

/** A line that starts with it is no list, heading or rule; a number could be one with a full stop after the sentence. */
const isPlainStart = (word: string): boolean => /^[\p{L}\p{Nd}("'’]/u.test(word) && !/^\d+[.)]?$/.test(word);
