import type { BirdStatement } from '../parser.ts';
import type { Arm, Command, Expression, SetElement } from './ast.ts';
import { parseExpressions } from './expressions.ts';
import { type FilterWords, NotUnderstood, wordsOf } from './words.ts';

/** A function of the filter language, or a filter, which is a function without parameters. */
export interface Routine {
  readonly parameters: readonly string[];
  readonly variables: readonly string[];
  readonly commands: readonly Command[];
}

/** The commands in a block of `filter { ... }` or of a function. */
export const parseBlock = (body: readonly BirdStatement[]): Command[] => parseCommands(wordsOf(body));

/**
 * `function f(int a; int b) int c; { ... }` or `filter f { ... }`. In BIRD a semicolon ends each variable before the block,
 * so the block is a separate statement: `after` is what follows.
 */
export function parseRoutine(one: BirdStatement, after: readonly BirdStatement[]): Routine {
  const { words } = one;
  const [opening, closing] = [words.findIndex(({ text }) => text === '('), words.findIndex(isClosing)];
  const ends = (index: number, all: BirdStatement['words']): boolean =>
    /^[;,)]?$/.test(all[index + 1]?.text ?? '');
  const inside = opening < 0 ? [] : words.slice(opening + 1, closing);
  const at = one.body === undefined ? after.findIndex(({ body }) => body !== undefined) : -1;
  const declared = [words.slice(closing + 1), ...after.slice(0, Math.max(0, at + 1)).map((own) => own.words)];
  return {
    parameters: inside.filter((_, index, all) => ends(index, all)).map(({ text }) => text),
    variables:
      one.body === undefined || closing >= 0 ? declared.flatMap((own) => own.at(-1)?.text ?? []) : [],
    commands: parseBlock((one.body === undefined ? after[at]?.body : one.body) ?? []),
  };
}

const isClosing = ({ text }: { readonly text: string }): boolean => text === ')';

/** One expression, as in the definition of a constant. */
export function parseExpression(words: readonly BirdStatement['words'][number][]): Expression {
  const source = wordsOf([{ words, body: undefined }]);
  const found = parseExpressions(source).expression();
  source.expect(';');
  return found;
}

const TYPES =
  /^(int|bool|ip|prefix|pair|quad|ec|lc|string|rd|bgpmask|bgppath|clist|eclist|lclist|enum|bytestring)$/;

function parseCommands(words: FilterWords): Command[] {
  const { expression, setElement } = parseExpressions(words);

  /** A command that is not understood ends its block, since the start of the next one is unknown too. */
  const block = (isEnd: () => boolean): Command[] => {
    const commands: Command[] = [];
    while (!isEnd()) {
      const start = words.mark();
      try {
        commands.push(...command());
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
        commands.push({ kind: 'unknown', at: words.at(start) });
        words.skipTo(isEnd);
      }
    }
    return commands;
  };

  const braced = (): Command[] => {
    words.expect('{');
    const commands = block(() => words.is('}'));
    words.expect('}');
    words.take(';');
    return commands;
  };

  const command = (): Command[] => {
    if (words.take(';')) return [];
    if (words.is('{')) return braced();
    const token = words.here();
    const word = token.kind === 'plain' ? token.text : '';
    if (word === 'accept' || word === 'reject') {
      words.next();
      if (!words.is(';')) expression();
      words.expect(';');
      return [{ kind: 'verdict', accepts: word === 'accept' }];
    }
    if (word === 'if') return [condition()];
    if (word === 'case') return [cases()];
    if (word === 'for') return [loop()];
    if (word === 'return') {
      words.next();
      const value = words.is(';') ? undefined : expression();
      words.expect(';');
      return [{ kind: 'return', value }];
    }
    if (word === 'print' || word === 'printn') {
      while (!words.is(';')) words.next();
      words.expect(';');
      return [];
    }
    if (word === 'unset') {
      words.next();
      words.expect('(');
      const name = words.next().text;
      words.expect(')');
      words.expect(';');
      return [{ kind: 'unset', name, at: token }];
    }
    if (TYPES.test(word)) return [declaration()];
    return [assignmentOrCall()];
  };

  const declaration = (): Command => {
    const at = words.next();
    if (words.is('set')) words.next();
    const name = words.next().text;
    const value = words.take('=') ? expression() : undefined;
    words.expect(';');
    return { kind: 'declare', name, value, at };
  };

  const assignmentOrCall = (): Command => {
    const at = words.here();
    const what = expression('call');
    if (words.take('=')) {
      if (what.kind !== 'name') throw new NotUnderstood(at);
      const value = expression();
      words.expect(';');
      return { kind: 'assign', name: what.name, value, at };
    }
    words.expect(';');
    if (what.kind !== 'call' && what.kind !== 'method') throw new NotUnderstood(at);
    return { kind: 'call', what };
  };

  const condition = (): Command => {
    words.expect('if');
    const test = expression();
    words.expect('then');
    const commands = command();
    // `else:` is an arm of the case around it.
    const hasElse = words.is('else') && !words.is(':', 1);
    if (hasElse) words.next();
    const otherwise = hasElse ? command() : [];
    return { kind: 'if', condition: test, commands, otherwise };
  };

  const loop = (): Command => {
    const at = words.next();
    if (TYPES.test(words.here().text)) words.next();
    const name = words.next().text;
    words.expect('in');
    const of = expression();
    words.expect('do');
    return { kind: 'for', name, of, commands: command(), at };
  };

  const cases = (): Command => {
    const at = words.here();
    words.expect('case');
    const subject = expression();
    words.expect('{');
    const arms: Arm[] = [];
    const isLabel = (): boolean => words.is('}') || words.isLabel();
    while (!words.is('}')) {
      const labels: SetElement[] = [];
      const isElse = words.take('else');
      if (!isElse) {
        labels.push(setElement());
        while (words.take(',')) labels.push(setElement());
      }
      words.expect(':');
      arms.push({ labels: isElse ? undefined : labels, commands: block(isLabel) });
    }
    words.expect('}');
    words.take(';');
    return { kind: 'case', subject, arms, at };
  };

  return block(() => words.atEnd());
}
