import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { program } from '../../cli/program.ts';

/** Commands on pages that no test can run, such as those on a router: what they call must exist. */

const pages = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
];

const consoles = (text: string): string[] =>
  [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);

/** The lines that somebody types, without where. */
const typed = (block: string): string[] =>
  [...block.matchAll(/^[\w-]+[$#] (.*)$/gm)].map(([, line = '']) => line);

function unknownIn(line: string): string[] {
  const calls = [...line.matchAll(/(?:^|[\s(])(?:bin\/noencap|npx noencap) ([^|&;>]*)/g)];
  return calls.flatMap(([, rest = '']) => {
    const words = rest.trim().split(/\s+/);
    const root = program();
    const found = root.commands.find((one) => one.name() === words[0]);
    if (found === undefined) return [`${words[0]} is no command`];
    const inner = found.commands.find((one) => one.name() === words[1]);
    const command: Command = inner ?? found;
    const end = words.indexOf('--');
    return words
      .slice(0, end < 0 ? undefined : end)
      .filter((word) => word.startsWith('-'))
      .map((word) => word.replace(/=.*/, ''))
      .filter(
        (word) =>
          !command.options.some(({ short, long }) => [short, long].includes(word)) && word !== '--help',
      )
      .map((word) => `${command.name()} ${word}`);
  });
}

test.each(pages)('%s: each command of noencap on it exists, with its options', (page) => {
  const lines = consoles(readFileSync(page, 'utf8')).flatMap(typed);
  expect(lines.flatMap((line) => unknownIn(line).map((what) => `${line}: ${what}`))).toEqual([]);
});

test('the test itself sees a command and an option that do not exist', () => {
  expect(unknownIn('npx noencap synht')).toEqual(['synht is no command']);
  expect(unknownIn('KUBECONFIG=a bin/noencap check --fast && x')).toEqual(['check --fast']);
  expect(unknownIn('bin/noencap lab exec a -- ip -4 route')).toEqual([]);
});

describe('It does not work', () => {
  const sections = readFileSync('docs/it-does-not-work.md', 'utf8').split(/^## /m).slice(1);

  test.each(sections.map((text) => [text.split('\n')[0], text]))(
    '%s: three commands, in one block',
    (_title, text) => {
      expect(consoles(text ?? '').map((block) => typed(block).length)).toEqual([3]);
    },
  );
});
