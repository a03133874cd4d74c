import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adopt, problemText } from '../../adopt/index.ts';
import { notesText } from '../../cli/adopt-text.ts';
import { expectGolden } from '../golden.ts';
import { routersIn } from './scenarios.ts';

/** What cannot be adopted: one folder each, with the message beside it. UPDATE_GOLDEN=1 rewrites it. */
const FOLDER = join('test', 'adopt', 'errors');
const names = readdirSync(FOLDER).sort();

const problemsOf = (name: string): string[] => {
  const known = join(FOLDER, name, 'known.yaml');
  const adopted = adopt({
    cluster: [{ file: 'cluster.yaml', bytes: readFileSync(join(FOLDER, name, 'cluster.yaml')) }],
    routers: routersIn(name, join(FOLDER, name)),
    known: existsSync(known) ? { file: 'known.yaml', bytes: readFileSync(known) } : undefined,
    operatorManifest: undefined,
    repoURL: undefined,
  });
  if (adopted.ok) return ['nothing is wrong'];
  const { problems, notes } = adopted;
  return [...problems.map(problemText), ...(notes.length === 0 ? [] : [notesText(notes, 120).join('\n')])];
};

test('each is refused with the message in its file', () => {
  const said = names.map((name): [string, string] => [`${name}.txt`, `${problemsOf(name).join('\n\n')}\n`]);
  expect(said.filter(([, text]) => text.startsWith('nothing is wrong'))).toEqual([]);
  expectGolden(join('test', 'adopt', 'refused'), said);
});

test('no message contains anything that a terminal would interpret, or a secret', () => {
  const all = names.flatMap(problemsOf).join('\n');
  expect(all).not.toMatch(/(?!\n)\p{Cc}/u);
  expect(all).not.toContain('hunter2');
});
