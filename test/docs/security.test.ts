import { existsSync, readFileSync } from 'node:fs';

const PAGE = 'docs/security.md';

/** The rows of the tables of threats, as cells. */
const threats = readFileSync(PAGE, 'utf8')
  .split(/^(?=## )/m)
  .filter((section) => section.includes('| threat | promise | tested by |'))
  .flatMap((section) =>
    section
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| threat '))
      .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''))),
  );

test('each threat is a row of three cells', () => {
  expect(threats.length).toBeGreaterThan(40);
  expect(threats.filter((cells) => cells.length !== 3 || cells.includes(''))).toEqual([]);
});

/** A row names `test/...test.ts`, followed by names of tests in quotes. */
test('each threat is tried by tests that exist', () => {
  for (const [threat, , tried = ''] of threats) {
    const parts = tried.split(/(?=`test\/)/).filter((part) => part.startsWith('`'));
    expect({ threat, tests: parts.length }).not.toEqual({ threat, tests: 0 });
    for (const part of parts) {
      const [, file = ''] = /^`([^`]+)`/.exec(part) ?? [];
      expect({ threat, file, there: existsSync(file) }).toEqual({ threat, file, there: true });
      const names = [...part.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
      expect({ threat, file, names: names.length }).not.toEqual({ threat, file, names: 0 });
      const text = readFileSync(file, 'utf8');
      expect({ threat, file, missing: names.filter((name) => !text.includes(name)) }).toEqual({
        threat,
        file,
        missing: [],
      });
    }
  }
});
