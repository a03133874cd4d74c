import type { YAMLError } from 'yaml';
import type { FaultCode } from './codes.ts';
import type { Fault } from './fault.ts';
import { fault } from './fault.ts';
import type { TextSource } from './source.ts';

/**
 * The parser's errors in our words. One per line, since it often fails again at the same spot; and after a token that
 * fits nowhere it understands nothing more.
 */
export function syntaxFaults(errors: readonly YAMLError[], source: TextSource): Fault[] {
  const seen = new Set<string | number>();
  return errors.flatMap((error): Fault[] => {
    const at = source.place(...error.pos);
    const { code, message, fix } = inWords(error);
    if (seen.has(at.line) || seen.has('lost')) return [];
    seen.add(at.line);
    if (error.code === 'UNEXPECTED_TOKEN' || error.code === 'RESOURCE_EXHAUSTION') seen.add('lost');
    return [{ ...fault(code, [], message, fix), at }];
  });
}

interface Words {
  readonly code: FaultCode;
  readonly message: string;
  readonly fix: string;
}

function inWords(error: YAMLError): Words {
  const entry = SYNTAX.find(([code, pattern]) => code === error.code && pattern.test(error.message));
  if (entry !== undefined) {
    const [, , message, fix, code = 'yaml-syntax'] = entry;
    return { code, message, fix };
  }
  const message = error.message.charAt(0).toLowerCase() + error.message.slice(1).replace(/\.$/, '');
  return { code: 'yaml-syntax', message, fix: 'Fix the YAML here.' };
}

type Syntax = readonly [YAMLError['code'], pattern: RegExp, message: string, fix: string, code?: FaultCode];

/** If a code has several messages, the more specific come first. */
const SYNTAX: readonly Syntax[] = [
  ['TAB_AS_INDENT', /^/, 'a tab indents this line', 'Indent with spaces.', 'yaml-tab'],
  [
    'BAD_INDENT',
    /^Flow (map|sequence)/,
    'a { or [ is still open at the start of this line',
    'Close it, or indent what belongs inside it.',
  ],
  [
    'BAD_INDENT',
    /^/,
    'the indentation matches no open map or list',
    'Align the keys of one map at the same column.',
  ],
  [
    'MULTILINE_IMPLICIT_KEY',
    /^/,
    'this is neither a key nor a value',
    'Write "key: value", with a space after the colon.',
  ],
  [
    'BLOCK_AS_IMPLICIT_KEY',
    /^/,
    'a second key starts on the line of the first',
    'Quote the value, or put the inner map in {}.',
  ],
  ['BLOCK_IN_FLOW', /^/, 'another key starts inside this value', 'Put a comma between the two.'],
  ['BAD_SCALAR_START', /^/, 'a value may not start with this character', 'Put the value in quotes.'],
  ['BAD_DQ_ESCAPE', /^/, 'this is not a YAML escape sequence', 'Double the backslash, or use single quotes.'],
  ['MISSING_CHAR', /quote$/, 'a quote is still open at the end of the file', 'Close it.'],
  ['MISSING_CHAR', /^Missing ,/, 'a comma is missing here', 'Put a comma between the items.'],
  ['MISSING_CHAR', /^Missing space/, 'a space is missing after the colon', 'Write "key: value".'],
  ['MISSING_CHAR', /^Implicit map keys/, 'this key has no colon', 'Write "key: value".'],
  [
    'MISSING_CHAR',
    /^Sequence item/,
    'a list has an item without "-"',
    'Start each item with "- ", or end the list by indenting less.',
  ],
  ['UNEXPECTED_TOKEN', /flow-(map|seq)-end/, 'this bracket closes nothing', 'Remove it.'],
  [
    'UNEXPECTED_TOKEN',
    /^/,
    'this does not belong here',
    'Check the quotes, colons and commas before it, and the indentation of this line.',
  ],
  [
    'MULTIPLE_DOCS',
    /^/,
    'a second YAML document starts here',
    'Keep one topology per file: remove this line.',
    'yaml-documents',
  ],
  [
    'RESOURCE_EXHAUSTION',
    /^/,
    'the nesting is deeper than in any topology',
    'Check that this is the topology file.',
    'yaml-nesting',
  ],
];
