import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { shellWord } from '../../topology/shell-word.ts';

/** The arguments that sh makes of words, each ended by NUL. */
function read(words: readonly string[]): string[] {
  const script = `printf '%s\\0' ${words.join(' ')}`;
  const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

test('a word expands to exactly its text, whatever it contains', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => value.replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(text, { minLength: 20, maxLength: 40 }), (texts) => {
      expect(read(texts.map(shellWord))).toEqual(texts);
    }),
    { numRuns: 40 },
  );
});

test.each(["'", "''", '$HOME', '`id`', '$(id)', '\\', '"', '\n', '-n', '*', '', '~', "a'b'c", '!!'])(
  '%j is nothing special',
  (text) => {
    expect(read([shellWord(text)])).toEqual([text]);
  },
);

test('NUL cannot be quoted', () => {
  expect(() => shellWord('a\0b')).toThrow('NUL');
});
