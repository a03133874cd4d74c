import { UNPRINTABLE } from '../../../topology/fault.ts';
import { type Part, partsOf } from './tree.ts';

/** The node types of a comment; nothing in a review adds another type. */
const TYPES = [
  'root',
  'paragraph',
  'text',
  'strong',
  'inlineCode',
  'code',
  'blockquote',
  'list',
  'listItem',
  'table',
  'tableRow',
  'tableCell',
  'html',
  'link',
];

const OUR_HTML = /^(<details>\n<summary>[A-Z][a-z ]+: [\da-z,+− ]+<\/summary>|<\/details>|<\/?sub>)$/;

/** What GitHub interprets in text outside code. */
const ACTIVE = /[@#<>&`\\*_[\]$|]|:\/\/|www\.|\bGH-\d|GHSA-|\b[0-9a-f]{7,40}\b|:[a-z0-9+_-]+:/i;

/**
 * Expects a comment to say and format only what is written in review/: nobody is mentioned, nothing is linked but
 * `details`, no markup is opened or closed, and nothing is hidden.
 */
export function expectInert(markdown: string, details?: string): Part[] {
  const parts = partsOf(markdown);
  const of = (type: string) => parts.filter((part) => part.type === type);
  expect(parts.map(({ type }) => type).filter((type) => !TYPES.includes(type))).toEqual([]);
  expect(of('list').filter(({ ordered }) => ordered)).toEqual([]);
  const texts = of('text').map(({ value = '' }) => value.replace(/^\[!(CAUTION|WARNING)\]$/m, ''));
  expect(texts.filter((text) => ACTIVE.test(text))).toEqual([]);
  expect(
    of('html')
      .map(({ value }) => value)
      .filter((value) => !OUR_HTML.test(value ?? '')),
  ).toEqual([]);
  expect(
    of('link')
      .map(({ url }) => url)
      .filter((url) => url !== details),
  ).toEqual([]);
  expect(
    of('code')
      .map(({ lang }) => lang)
      .filter((lang) => lang !== 'diff' && lang !== 'mermaid'),
  ).toEqual([]);
  expect(markdown).not.toContain('<!--');
  expect(markdown.replace(/[\n\t]/g, '').match(UNPRINTABLE)).toBeNull();
  const nested = of('html').map(({ value = '' }) =>
    /<details>/.test(value) ? 1 : /<\/details>/.test(value) ? -1 : 0,
  );
  const depths = nested.map((_, index) =>
    nested.slice(0, index + 1).reduce((sum: number, one) => sum + one, 0),
  );
  expect(depths.filter((depth) => depth !== 0 && depth !== 1)).toEqual([]);
  expect(depths.at(-1) ?? 0).toBe(0);
  // A fence that its content closed, or that nothing closed, shows here.
  const fences = markdown.match(/^`{3,}(diff|mermaid)\n/gm) ?? [];
  expect(of('code')).toHaveLength(fences.length);
  return parts;
}
