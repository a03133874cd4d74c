import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { reportText } from '../fixture/report.ts';
import { obeyed } from '../topology/obeyed.ts';
import { gitIn, noencap, scratch } from './run.ts';

/** What a router, a cluster, a program or a pull request may print to a terminal, and to GitHub's runner. */
const HOSTILE = [
  '\u001b[2J\u001b]0;x\u0007\u001b]52;c;cm0gLXJm\u0007\u001b]8;;https://example.org\u0007here\u001b[8m',
  '\u009b31m\u009d52;c;x\u009c\r\b\u202e\u2066\u200b\ufeff\u2028',
  '::set-output name=x::y',
  ' \t::stop-commands::x',
  '\u200b::error::x%0A::warning::y',
  'x ##[error]no #\u200d#[set-env name=PATH]/tmp',
];
const TEXT = HOSTILE.join('\n');

let folder: string;
let bin: string;
beforeEach(() => {
  folder = scratch();
  bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(folder, 'hostile'), TEXT);
  writeFileSync(join(folder, 'topology.yaml'), reportText());
});
afterEach(() => rmSync(folder, { recursive: true }));

/** In place of a program that noencap starts. `$HOSTILE` is the file with its output. */
function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\nHOSTILE='${join(folder, 'hostile')}'\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** Runs it in a shell and in a workflow; returns whatever could be obeyed in its output. */
function saying(...args: readonly string[]) {
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };
  const summary = join(folder, 'summary');
  const runs = [
    noencap(folder, args, env),
    noencap(folder, args, { ...env, GITHUB_ACTIONS: 'true', CI: 'true', GITHUB_STEP_SUMMARY: summary }),
  ];
  const all = runs.map(({ stdout, stderr }) => `${stdout}\n${stderr}`).join('\n');
  const lines = all.split('\n');
  return {
    all,
    control: lines.filter((line) => /[^\P{C}\t]|[\p{Zl}\p{Zp}]/u.test(line)),
    // Annotations are noencap's own: each is one line of a known form.
    commands: lines.filter((line) => obeyed(line) && !OURS.test(line)),
  };
}
const OURS = /^::(error|warning|notice) file=[^:,]+(,[a-zA-Z]+=[^:,]*)*::[^\n]*$/;

function inert(...args: readonly string[]): string {
  const { all, control, commands } = saying(...args);
  expect({ args, control, commands }).toEqual({ args, control: [], commands: [] });
  return all;
}

function pinned(): void {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnsYjdkp0X7n9BXaP1EJ0iNd0J7FHGpQh1qXnVb1z0c';
  writeFileSync(join(folder, 'known_hosts'), `* ${key}\n`);
  expect(noencap(folder, ['synth']).code).toBe(0);
}

describe('a router', () => {
  const LOG = 'while [ "$1" != -E ]; do shift; [ $# -gt 1 ] || exit 255; done; log=$2';
  test.each([
    ['refuses', 'printf "\\001noencap\\n"; cat "$HOSTILE" >&2; exit 1'],
    ['lacks something', 'printf "\\001noencap\\n"; cat "$HOSTILE"; cat "$HOSTILE" >&2; exit 3'],
    ['answers otherwise', 'printf "\\001noencap\\nprotocol 3\\n"; cat "$HOSTILE"; echo; echo end'],
    [
      'has an odd BIRD',
      'printf "\\001noencap\\nprotocol 3\\n"; { printf "live-check "; tr "\\n" " " <"$HOSTILE"; }; echo; echo end',
    ],
    ['is not reached', `${LOG}; cat "$HOSTILE" >"$log"; exit 255`],
    ['has no shell', 'cat "$HOSTILE"; cat "$HOSTILE" >&2; exit 127'],
    ['has a jump host', `${LOG}; echo "UNKNOWN port 65535" >"$log"; cat "$HOSTILE" >&2; exit 255`],
  ])('that %s', (_, script) => {
    program('ssh', script);
    pinned();
    for (const args of [
      ['ship', '--check'],
      ['ship', '--json'],
      ['ship', '-q'],
    ]) {
      inert(...args);
    }
  });
});

test('a cluster that is not as it should be', () => {
  pinned();
  program('kubectl', 'cat "$HOSTILE"; cat "$HOSTILE" >&2; exit 1');
  inert('bootstrap', '--run');
  inert('adopt', '--live');
  program('kubectl', 'cat "$HOSTILE"');
  inert('bootstrap', '--run', '--json');
  inert('adopt', '--live', '--json');
});

test('a repository with odd refs, and a git with odd words', () => {
  pinned();
  gitIn(folder, 'init', '-q', '-b', 'main');
  gitIn(folder, 'add', 'topology.yaml', 'dist');
  gitIn(folder, 'commit', '-qm', TEXT);
  inert('diff', '--base', '::error::x');
  program('git', 'cat "$HOSTILE" >&2; cat "$HOSTILE"; exit 1');
  inert('diff');
  inert('ship', '--plan');
  program('git', 'cat "$HOSTILE"');
  inert('diff', '--json');
});

test('files of a pull request', () => {
  for (const text of [
    TEXT,
    reportText().replaceAll('gateway', JSON.stringify(TEXT)),
    `? [${JSON.stringify(TEXT)}]\n: x\n`,
    `version: 1\nname: &a ${JSON.stringify('##[error]x')}\n"::set-output name=x::y": *b\n`,
  ]) {
    writeFileSync(join(folder, 'topology.yaml'), text);
    for (const command of ['synth', 'check', 'diff', 'lab']) inert(command);
    inert('check', '--sarif');
    inert('check', '--json');
  }
  writeFileSync(join(folder, 'review.json'), JSON.stringify({ [TEXT]: TEXT }));
  inert('comment', '--print');
  writeFileSync(join(folder, 'review.json'), TEXT);
  inert('comment', '--print');
});

test('what stands in the command line', () => {
  for (const word of HOSTILE.filter((one) => !one.includes('\0'))) {
    for (const args of [
      [word],
      ['synth', word],
      ['check', `--${word}`],
      ['check', '-t', word],
      ['explain', word, word],
      ['path', word, word],
      ['ship', word],
      ['synth', '-o', `/proc/${word}`],
      ['init', '-t', word],
      ['ship', '--setup', 'gateway', '--key', word],
      ['adopt', '--cluster', word],
    ]) {
      inert(...args);
    }
  }
});

test('a topology that is a program prints nothing that anybody obeys, and neither does its end', () => {
  writeFileSync(
    join(folder, 'odd.ts'),
    `const text = ${JSON.stringify(TEXT)}; console.log(text); console.warn(text); process.emitWarning(text); throw new Error(text);`,
  );
  expect(inert('check', '-t', 'odd.ts')).toContain('U+001B');
});
