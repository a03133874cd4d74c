import { existsSync, readFileSync } from 'node:fs';

const page = readFileSync('CONTRIBUTING.md', 'utf8');

const rowsOf = (heading: string): string[][] =>
  (page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|---'))
    .slice(1)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );

/** The paths in backquotes: text with a slash, or that ends like a file. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)]
    .map(([, quoted = '']) => quoted)
    .filter(
      (quoted) => /^[\w./-]+$/.test(quoted) && (/\//.test(quoted) || /\.(ts|yaml|json|txt)$/.test(quoted)),
    );

describe('CONTRIBUTING.md', () => {
  const questions = rowsOf('Where would I add …');

  test('answers what a newcomer asks', () => {
    expect(questions.length).toBeGreaterThanOrEqual(10);
  });

  test.each(questions)('where to add %s: those files exist', (_, where) => {
    const paths = pathsIn(where ?? '');
    expect(paths).not.toEqual([]);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  test('describes each folder of sources', () => {
    const { include } = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as { include: readonly string[] };
    const told = rowsOf('Where things are').flat().join(' ');
    const folders = include.filter((one) => !one.endsWith('.ts') && one !== 'scripts');
    expect(folders.filter((folder) => !told.includes(`\`${folder}/\``))).toEqual([]);
  });
});
