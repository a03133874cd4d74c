import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { STEPS } from '../../../delivery/journal.ts';
import { waited } from '../../waited.ts';

export type Step = (typeof STEPS)[number];

/**
 * Where a ship is held, so that it can be killed at exactly that point. `before`: ship has reported that the step begins, but the router
 * has not received it. `after`: the router has done it, but ship has not heard of that.
 */
export interface Point {
  readonly step: Step;
  readonly when: 'before' | 'after';
}

/** A program in place of ssh that stops there. */
export interface Held {
  /** The environment of the ship to hold. */
  readonly env: Readonly<Record<string, string>>;
  /** Waits until it has stopped there. */
  reached(): Promise<void>;
  /** kill -9 of the program in place of ssh: it does not go on when ship is gone. */
  kill(): void;
  /** Lets it go on. */
  release(): void;
}

export function heldAt(folder: string, { step, when }: Point): Held {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const path = process.env.PATH ?? '';
  const ssh = path
    .split(delimiter)
    .map((one) => join(one, 'ssh'))
    .find(existsSync);
  writeFileSync(join(folder, 'ssh'), HOLD);
  writeFileSync(join(folder, 'session.cjs'), SESSION);
  chmodSync(join(folder, 'ssh'), 0o755);
  const pid = () => Number(readFileSync(join(folder, 'reached'), 'utf8'));
  return {
    env: {
      PATH: `${folder}${delimiter}${path}`,
      HOLD: folder,
      HOLD_STEP: step,
      HOLD_WHEN: when,
      HOLD_SSH: ssh ?? 'ssh',
      HOLD_NODE: process.execPath,
    },
    reached: () => waited(`ship ${when} ${step}`, () => existsSync(join(folder, 'reached'))),
    kill: () => void process.kill(-pid(), 'SIGKILL'),
    release: () => writeFileSync(join(folder, 'released'), ''),
  };
}

/**
 * The step of a command follows from its verb, at the end of the command line for ssh (delivery/ssh/command.ts); `inspect` serves
 * two steps. It is a process group of its own, as ship starts every ssh.
 */
const HOLD = `#!/bin/sh
line=
for word; do line=$word; done
verb=
for one in inspect protocols hold undo; do
  case $line in *" noencap $one") verb=$one ;; esac
done
[ -n "$verb" ] || exec "$HOLD_SSH" "$@"
echo "$verb" >>"$HOLD/verbs"
case $verb in
  hold) step=lock ;;
  protocols) step=gate ;;
  inspect)
    step=inspect
    if grep -qx undo "$HOLD/verbs"; then step=verify; fi
    ;;
  *) step=$verb ;;
esac
reach() {
  echo $$ >"$HOLD/reached.new" && mv "$HOLD/reached.new" "$HOLD/reached"
  while [ ! -e "$HOLD/released" ]; do sleep 0.05; done
}
is_here=no
if [ "$step" = "$HOLD_STEP" ] && [ ! -e "$HOLD/reached" ]; then is_here=yes; fi
if [ $is_here = yes ] && [ "$HOLD_WHEN" = before ]; then reach; fi
if [ $step = lock ]; then exec "$HOLD_NODE" "$HOLD/session.cjs" "$@"; fi
if [ $is_here = no ] || [ "$HOLD_WHEN" = before ]; then exec "$HOLD_SSH" "$@"; fi
"$HOLD_SSH" "$@" >"$HOLD/said"
code=$?
reach
cat "$HOLD/said"
exit $code
`;

/**
 * The session that holds the lock, with the commands sent over it (delivery/ssh/session.ts): a line `run BYTES SETTINGS
 * VERB ARGUMENTS`, that many bytes, and after the answer a line with its number. Its end is the step \`unlock\`.
 */
const SESSION = `
const { spawn } = require('node:child_process');
const { existsSync, renameSync, writeFileSync } = require('node:fs');
const { HOLD, HOLD_STEP, HOLD_WHEN, HOLD_SSH } = process.env;

const pause = () => new Promise((done) => setTimeout(done, 50));
async function reach() {
  writeFileSync(HOLD + '/reached.new', String(process.pid));
  renameSync(HOLD + '/reached.new', HOLD + '/reached');
  while (!existsSync(HOLD + '/released')) await pause();
}

const ssh = spawn(HOLD_SSH, process.argv.slice(2), { stdio: ['pipe', 'pipe', 'inherit'] });
const code = new Promise((done) => ssh.on('close', done));
ssh.stdin.on('error', () => {});
let sent = 0;
let watched;

async function* lines(stream, bytesAfter) {
  let rest = Buffer.alloc(0);
  let wanted = 0;
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const end = wanted > 0 ? wanted : rest.indexOf(10) + 1;
      if (end === 0 || rest.length < end) break;
      const part = rest.subarray(0, end);
      rest = rest.subarray(end);
      wanted = wanted > 0 ? 0 : bytesAfter(part);
      yield part;
    }
  }
}

async function ask() {
  const bytes = (line) => Number(/^run (\\d+) /.exec(line)?.[1] ?? 0);
  for await (const part of lines(process.stdin, bytes)) {
    const text = part.toString();
    if (/^run \\d+ /.test(text)) {
      sent += 1;
      const verb = text.trim().split(' ').slice(2).find((word) => !word.includes('='));
      if (verb === HOLD_STEP && !existsSync(HOLD + '/reached')) {
        if (HOLD_WHEN === 'before') await reach();
        else watched = sent;
      }
    }
    ssh.stdin.write(part);
  }
  ssh.stdin.end();
}

async function hear() {
  for await (const part of lines(ssh.stdout, () => 0)) {
    if (watched !== undefined && part.toString().startsWith('\\u0001ran ' + watched + ' ')) await reach();
    process.stdout.write(part);
  }
  const ended = await code;
  if (HOLD_STEP === 'unlock' && !existsSync(HOLD + '/reached')) await reach();
  process.exit(ended ?? 255);
}

ask();
hear();
`;
