import { parseAddress } from '../../topology/address.ts';
import { type BirdStatement, placeText, type Token, wordsText } from '../parser.ts';
import type { Command, Expression } from './ast.ts';
import { parseBlock, parseExpression, parseRoutine, type Routine } from './parser.ts';
import { NotUnderstood } from './words.ts';

/** What filters can call by name: functions, filters and constants of a configuration. */
export interface Library {
  readonly routines: ReadonlyMap<string, Routine>;
  readonly constants: ReadonlyMap<string, Expression>;
  /** Custom attributes declared by the configuration. */
  readonly attributes: ReadonlySet<string>;
}

/** What a channel does with routes in one direction. */
export type Policy =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'commands'; readonly commands: readonly Command[] }
  | { readonly kind: 'unknown'; readonly why: string };

/** The functions, filters and constants of a configuration. `givenConstants`: those of missing files. */
export function libraryOf(
  statements: readonly BirdStatement[],
  givenConstants: ReadonlyMap<string, string> = new Map(),
): Library {
  const routines = new Map<string, Routine>();
  const constants = new Map<string, Expression>();
  for (const [name, text] of givenConstants) {
    const address = parseAddress(text);
    if (/^\d+$/.test(text)) constants.set(name, { kind: 'number', value: Number(text) });
    if (address !== undefined) constants.set(name, { kind: 'address', address });
  }
  const attributes = new Set<string>();
  for (const [index, one] of statements.entries()) {
    const [keyword, name] = one.words;
    if (name === undefined) continue;
    if (keyword?.text === 'function' || keyword?.text === 'filter') {
      routines.set(name.text, parseRoutine(one, statements.slice(index + 1, index + 1 + MOST_VARIABLES)));
    }
    if (keyword?.text === 'attribute') attributes.add(one.words.at(-1)?.text ?? '');
    if (keyword?.text === 'define') {
      const value = understood(() => parseExpression(one.words.slice(3)));
      if (value !== undefined) constants.set(name.text, value);
    }
  }
  return { routines, constants, attributes };
}

function understood<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

/** Variables are declared between a function's name and its block. */
const MOST_VARIABLES = 32;

export const routineOf = ({ routines }: Library, name: string): Routine | undefined => routines.get(name);

/** The value of `import` or `export`: all, none, a condition, an inline filter or a named one. */
export function policyOf({ words, body }: BirdStatement, { routines }: Library): Policy {
  const [, second, third] = words;
  if (body !== undefined) return { kind: 'commands', commands: parseBlock(body) };
  if (second?.text === 'all' || second?.text === 'none') return { kind: second.text };
  if (second?.text === 'where') {
    const condition = understood(() => parseExpression(words.slice(2)));
    if (condition === undefined) return unknownPolicy(second);
    const verdict = (accepts: boolean): Command[] => [{ kind: 'verdict', accepts }];
    const test: Command = { kind: 'if', condition, commands: verdict(true), otherwise: verdict(false) };
    return { kind: 'commands', commands: [test] };
  }
  const name = second?.text === 'filter' ? third : second;
  const filter = routines.get(name?.text ?? '');
  if (filter !== undefined) return { kind: 'commands', commands: filter.commands };
  return name === undefined ? { kind: 'unknown', why: wordsText(words) } : unknownPolicy(name);
}

const unknownPolicy = (at: Token): Policy => ({ kind: 'unknown', why: placeText(at) });
