import type { z } from 'zod';
import type { Fault } from './fault.ts';
import { fault } from './fault.ts';
import { quoted } from './fields.ts';
import type { Path } from './model.ts';
import { NOENCAP } from './own-command.ts';
import { didYouMean, listed, suggester } from './suggest.ts';

/** The kinds of YAML value that a topology uses. */
export type Kind = 'text' | 'number' | 'boolean' | 'list' | 'map' | 'nothing';

export const KINDS: Readonly<Record<Kind, string>> = {
  text: 'text',
  number: 'a whole number',
  boolean: 'true or false',
  list: 'a list',
  map: 'a map',
  nothing: 'nothing',
};

/** `nothing` also covers values that no field accepts: null, fractions, infinities. */
export function kindOfValue(value: unknown): Kind {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'number' : 'nothing';
  if (typeof value === 'boolean') return 'boolean';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' && value !== null ? 'map' : 'nothing';
}

/** Points at the name of the map that lacks the key. */
export const missingKey = (path: Path, key: string, about: string | undefined): Fault =>
  fault('missing-key', path, `has no ${key}`, `Add ${key}.${about === undefined ? '' : ` ${about}`}`, {
    part: 'key',
  });

export function unknownKey(
  path: Path,
  key: string,
  suggestion: string | undefined,
  validKeys: readonly string[],
): Fault {
  if (key === '<<') return mergeKey(path);
  const fix = didYouMean(suggestion, `Known keys: ${[...validKeys].join(', ')}.`);
  return fault('unknown-key', path, 'is not a known key here', fix, { part: 'key' });
}

export const mergeKey = (path: Path): Fault =>
  fault(
    'unknown-key',
    path,
    'merges another map, which is not supported',
    'Write the keys out: YAML 1.2 has no merge key.',
    { part: 'key' },
  );

/** A value of the wrong kind. Most often quotes are the reason. */
export function mismatch(
  path: Path,
  value: unknown,
  expected: readonly string[],
  about: string | undefined,
): Fault {
  const belongs = listed(expected, 'or');
  const write = about === undefined ? `Write ${belongs}.` : `Write ${belongs}. ${about}`;
  if (path.length === 0) return wholeFile(value);
  if (value === null) {
    const empty = expected.includes(KINDS.map) ? 'Write {} for an empty map, or remove the key.' : write;
    return fault('empty-value', path, 'is empty', empty);
  }
  // Where a reference to a secret is expected, the secret itself is the likeliest mistake.
  const isSecret = path.some((part) => /password|secret|token/i.test(String(part)));
  const message = `is ${isSecret ? KINDS[kindOfValue(value)] : inWords(value)}, expected ${belongs}`;
  return fault('type', path, message, quotesFix(value, expected, about) ?? write);
}

/** Not one of a fixed set of words or numbers; `others` are the other accepted kinds of value. */
export function wrongChoice(
  path: Path,
  value: string | number,
  choices: readonly string[],
  others: readonly string[] = [],
): Fault {
  const shown = typeof value === 'string' ? quoted(value) : String(value);
  const suggestion = typeof value === 'string' ? suggester(choices)(value) : undefined;
  const all = [...choices, ...others];
  const message = all.length === 1 ? `but only ${all[0]} is accepted` : `not ${listed(all, 'or')}`;
  const fix = didYouMean(suggestion, `Write ${listed(all, 'or')}.`);
  return fault('choice', path, `is ${shown}, ${message}`, fix);
}

/** Too few or too many items, if that is what is wrong with a list. */
export function sizeFault(
  issues: readonly z.core.$ZodIssue[],
  value: readonly unknown[],
  path: Path,
): Fault | undefined {
  const issue = issues.find(
    (one) => one.path.length === 0 && (one.code === 'too_small' || one.code === 'too_big'),
  );
  if (issue === undefined) return undefined;
  const has = value.length === 0 ? 'is an empty list' : `has ${count(value.length)}`;
  if (issue.code === 'too_small') {
    const least = Number(issue.minimum);
    return fault('too-few', path, has, `Write at least ${count(least)}.`);
  }
  const most = issue.code === 'too_big' ? Number(issue.maximum) : 0;
  return fault('too-many', path, has, `Write at most ${count(most)}.`);
}

const count = (items: number): string => `${items} ${items === 1 ? 'item' : 'items'}`;

function wholeFile(value: unknown): Fault {
  const fix = `Write a map that starts with "version: 1"; ${NOENCAP} init creates an example.`;
  return value === null || value === undefined
    ? fault('file-empty', [], 'is empty', fix)
    : fault('file-not-map', [], `contains ${inWords(value)} instead of a map`, fix);
}

function inWords(value: unknown): string {
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  return KINDS[kindOfValue(value)];
}

const TRUE = /^(true|yes|on|y)$/i;
const FALSE = /^(false|no|off|n)$/i;

function quotesFix(
  value: unknown,
  expected: readonly string[],
  about: string | undefined,
): string | undefined {
  if (typeof value === 'string') {
    if (expected.includes(KINDS.number) && /^(0|[1-9][0-9]{0,14})$/.test(value)) {
      return `Write ${value} without quotes.`;
    }
    if (!expected.includes(KINDS.boolean)) return undefined;
    return TRUE.test(value) ? 'Write true.' : FALSE.test(value) ? 'Write false.' : undefined;
  }
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  if (!scalar || !expected.includes(KINDS.text)) return undefined;
  return `Put it in quotes, so that it stays text.${about === undefined ? '' : ` ${about}`}`;
}
