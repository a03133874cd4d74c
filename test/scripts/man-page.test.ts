import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { program } from '../../cli/program.ts';
import { manPage } from '../../scripts/man-page.ts';
import { mustHave } from '../installed.ts';

const page = readFileSync('docs/noencap.1', 'utf8');

test('docs/noencap.1 is what the command line says of itself (npm run man)', () => {
  expect(page).toBe(manPage());
});

test('it has each command with each of its options', () => {
  const words = page.replaceAll('\\-', '-');
  const root = program();
  for (const command of root
    .createHelp()
    .visibleCommands(root)
    .filter((one) => one.name() !== 'help')) {
    expect(words).toContain(`\n.SS noencap ${command.name()}\n`);
    for (const { flags } of command.options) expect(words).toContain(`\n.B ${flags}\n`);
  }
});

/** The date is that of a commit, which a page that is rendered cannot know. */
const KNOWN = 'WARNING: missing date, using "": TH';

test('mandoc has nothing to say about it', () => {
  mustHave('mandoc');
  const { stdout } = spawnSync('mandoc', ['-T', 'lint', 'docs/noencap.1'], { encoding: 'utf8' });
  expect(stdout.split('\n').filter((line) => line !== '' && !line.endsWith(KNOWN))).toEqual([]);
});
