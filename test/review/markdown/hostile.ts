import fc from 'fast-check';
import { z } from 'zod';
import { type Review, reviewSchema } from '../../../review/document.ts';

/** What an attacker may write in place of a name or a sentence. */
export const HOSTILE: readonly string[] = [
  '',
  ' ',
  '`',
  '``` a `` b ` c',
  '`'.repeat(100),
  `${'`'.repeat(300)}\n${'`'.repeat(299)}`,
  '~~~\n~~~',
  '```\n</details>\n# heading',
  '</details>',
  '</summary></details><details open>',
  '<script>alert(1)</script>',
  '<img src="https://example.com/x.png">',
  '<!-- noencap -->',
  '--><!-- noencap -->',
  '<!--`<!--',
  '@octocat',
  '@org/team, look',
  'cc:@octocat',
  '#123',
  'fixes #1',
  'owner/repo#12',
  'GH-12',
  'gh-12',
  'owner/repo@1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d',
  '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d',
  '1a2b3c4',
  'GHSA-2p57-rm9w-gvfp',
  'https://example.com',
  'HTTP://example.com',
  'www.example.com',
  'ftp://example.com',
  'someone@example.com',
  'mailto:someone@example.com',
  '<https://example.com>',
  '[a link](https://example.com)',
  '[a link][1]\n\n[1]: https://example.com',
  '![an image](https://example.com/x.png)',
  '[^1]\n\n[^1]: a footnote',
  ':tada:',
  'topology.yaml:100:3',
  '$a^2$ and $$b$$',
  '$`a`$',
  '**bold** _em_ ~~gone~~',
  'a | b\n--- | ---\nc | d',
  'a \\| b \\',
  '\\',
  '\\`',
  '# heading',
  'heading\n===',
  '- [ ] task',
  '1',
  '1. one',
  '1) one',
  '> [!NOTE]\n> note',
  '---',
  '    code',
  '\tcode',
  'two\nlines',
  'two\r\nlines\rthree',
  'a paragraph\n\nand another',
  '\u2028\u2029\u0085\u000b\u000c',
  '\u202eevil\u202c',
  'zero\u200bwidth\u2060\ufeff',
  '\ud83d',
  '\ude00 \ud83d\ude00',
  '🏳️‍🌈 émoji 家',
  '\u0000\u0007\u001b[31m',
  '&lt;b&gt; &#64;octocat &commat;octocat',
  '&#35;12',
  '${{ secrets.TOKEN }}',
  '%placeholder% {{ x }} $1 $& $$',
  '%%{init: {"theme": "dark"}}%%',
  '"]; click b0 "https://example.com"; b1["',
  'end',
  'subgraph x',
  'style b0 fill:#f00;',
  'classDef x:#fff;',
  '`markdown`',
  '1. list',
  '- list',
  '---\ntitle: x\n---',
  '__proto__',
  'constructor',
  '🙂'.repeat(60),
];

const PIECES = [
  ...'`@#<>[]()!*_\\|~$&^:;"\'-=+./ \n\r\t1a',
  '``',
  '```',
  'www.',
  '://',
  'https',
  'GH-',
  '<!--',
  '-->',
  '</details>',
  '\u202e',
  '\ud800',
  '🙂',
  'é',
  '->',
  'word',
  '&#',
];

/** Strings made of pieces of markup, whole attacks, and anything at all. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((parts) => parts.join('')),
  fc.constantFrom(...HOSTILE),
  fc.array(fc.constantFrom(...HOSTILE), { maxLength: 3 }).map((parts) => parts.join(' ')),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
);

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly $ref?: string;
}

/** Any value that a schema allows, whatever fields it has, with hostile strings in all of them. */
export const anyOf = <T>(schema: z.ZodType<T>): fc.Arbitrary<T> =>
  arbitraryOf(z.toJSONSchema(schema) as JsonSchema).map((value) => schema.parse(value));

export const anyReview: fc.Arbitrary<Review> = anyOf(reviewSchema);

function arbitraryOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  // Only a JSON value refers to itself.
  if (schema.$ref !== undefined) return fc.oneof(hostile, fc.integer(), fc.constant(null), fc.array(hostile));
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(arbitraryOf));
  if (schema.prefixItems !== undefined) return fc.tuple(...schema.prefixItems.map(arbitraryOf));
  if (typeof schema.type === 'object') {
    return fc.oneof(...schema.type.map((type) => arbitraryOf({ ...schema, type })));
  }
  if (schema.type === 'array') return fc.array(arbitraryOf(schema.items ?? {}), { maxLength: 4 });
  if (schema.type === 'object' && schema.properties !== undefined) {
    const entries = Object.entries(schema.properties).map(([key, one]) => [key, arbitraryOf(one)] as const);
    return fc.record(Object.fromEntries(entries), { requiredKeys: [...(schema.required ?? [])] });
  }
  if (schema.type === 'string') return hostile;
  if (schema.type === 'integer') {
    const least = schema.exclusiveMinimum === undefined ? 0 : schema.exclusiveMinimum + 1;
    return fc.oneof(fc.nat(3), fc.nat(), fc.maxSafeNat()).map((number) => Math.max(number, least));
  }
  if (schema.type === 'number') {
    return fc.double({ noNaN: true, noDefaultInfinity: true, min: schema.minimum ?? -1e300 });
  }
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'null') return fc.constant(null);
  throw new Error(`nothing is known of ${JSON.stringify(schema)}`);
}

/** The review with every name and sentence in it replaced, in turn, by these. */
export function withStrings(review: Review, strings: readonly string[]): Review {
  let next = 0;
  const replaced = (value: unknown, key: string, isOurs: boolean): unknown => {
    if (typeof value === 'string') {
      if (isOurs) return value;
      next += 1;
      return strings[next % strings.length] ?? '';
    }
    if (Array.isArray(value)) return value.map((item) => replaced(item, key, isOurs));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, replaced(item, name, isWord(name, value))]),
    );
  };
  return reviewSchema.parse(replaced(review, '', false));
}

/** The words that the schema lists; an object's kind and a finding's code are not among them. */
const isWord = (key: string, of: object): boolean =>
  ['command', 'outcome', 'change', 'severity', 'family', 'first', 'when'].includes(key) ||
  (key === 'kind' && !('group' in of)) ||
  (key === 'code' && 'fix' in of);
