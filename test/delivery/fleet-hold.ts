import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { STEPS } from '../../delivery/journal.ts';
import { waited } from './waited.ts';

export type Step = (typeof STEPS)[number];

/**
 * Where a ship is held, so that it can be killed at one point and no other. `before`: it has told that the step begins, and the router
 * has not heard of it. `after`: the router has done it, and ship has not heard of that.
 */
export interface Point {
  readonly step: Step;
  readonly when: 'before' | 'after';
}

/** A program in ssh's place that stops there. */
export interface Held {
  /** For the ship that is to be held. */
  readonly env: Readonly<Record<string, string>>;
  /** Waits until it stands there. */
  reached(): Promise<void>;
  /** kill -9 of what stands in ssh's place: it does not go on when ship is gone. */
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
  chmodSync(join(folder, 'ssh'), 0o755);
  const pid = () => Number(readFileSync(join(folder, 'reached'), 'utf8'));
  return {
    env: {
      PATH: `${folder}${delimiter}${path}`,
      HOLD: folder,
      HOLD_STEP: step,
      HOLD_WHEN: when,
      HOLD_SSH: ssh ?? 'ssh',
    },
    reached: () => waited(`ship ${when} ${step}`, () => existsSync(join(folder, 'reached')), 40),
    kill: () => void process.kill(-pid(), 'SIGKILL'),
    release: () => writeFileSync(join(folder, 'released'), ''),
  };
}

/**
 * Which step a command belongs to is told by its verb; `inspect` serves two of them. The words travel in front of the script, with
 * the characters 1 and 4 for quotes and line ends (delivery/ssh-command.ts). It is a group of its own, as ship starts every ssh.
 */
const HOLD = `#!/bin/sh
quote=$(printf '\\001')
end=$(printf '\\004')
words=
for word; do words=$word; done
words=\${words%%"$end"*}
verb=
for one in inspect protocols hold settle adopt stage check apply confirm undo discard; do
  case $words in *"$quote$one$quote"*) verb=$one ;; esac
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
# The lock is held by a command that goes on until ship lets go of it: its end is \`unlock\`.
if [ "$HOLD_STEP" = unlock ] && [ $step = lock ]; then
  "$HOLD_SSH" "$@"
  code=$?
  echo $$ >"$HOLD/reached.new" && mv "$HOLD/reached.new" "$HOLD/reached"
  while [ ! -e "$HOLD/released" ]; do sleep 0.05; done
  exit $code
fi
if [ "$step" != "$HOLD_STEP" ] || [ -e "$HOLD/reached" ]; then exec "$HOLD_SSH" "$@"; fi
if [ "$HOLD_WHEN" = before ]; then
  echo $$ >"$HOLD/reached.new" && mv "$HOLD/reached.new" "$HOLD/reached"
  while [ ! -e "$HOLD/released" ]; do sleep 0.05; done
  exec "$HOLD_SSH" "$@"
fi
"$HOLD_SSH" "$@" >"$HOLD/said"
code=$?
echo $$ >"$HOLD/reached.new" && mv "$HOLD/reached.new" "$HOLD/reached"
while [ ! -e "$HOLD/released" ]; do sleep 0.05; done
cat "$HOLD/said"
exit $code
`;
