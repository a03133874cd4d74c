import { WORDS_ONLY } from '../ssh/command.ts';
import ARGUMENTS from './arguments.sh';
import BIRD from './bird.sh';
import BIRDC from './birdc.sh';
import FILES from './files.sh';
import FOLDER from './folder.sh';
import FORWARDED from './forwarded.sh';
import IDENTITY from './identity.sh';
import INSPECT from './inspect.sh';
import LOCK from './lock.sh';
import LOOK from './look.sh';
import RIGHTS from './rights.sh';
import SESSION from './session.sh';

/**
 * Everything of noencap that runs on a router, or the part that the reading verbs need: one POSIX sh script, for dash and busybox. It runs as
 * `sh -c SCRIPT noencap SETTINGS VERB ARGUMENTS`; nothing is installed.
 */
export const routerScript = (verb?: string): string =>
  ['inspect', 'protocols', 'look', 'forwarded', 'show'].includes(verb ?? '') ? READING : WHOLE;

const script = (...parts: readonly string[]): string =>
  `${[...parts.map((part) => part.trimEnd()), 'serve "$@"'].join('\n\n')}\n`;

const COMMON = [ARGUMENTS, RIGHTS, LOCK, BIRDC, FOLDER, IDENTITY];
const READING = script(...COMMON, INSPECT, LOOK, FORWARDED);
const WHOLE = script(...COMMON, INSPECT, LOOK, FORWARDED, FILES, SESSION, BIRD);

/**
 * The same as a file for an account that may do nothing else: the `command=` in its authorized_keys. The words
 * of the SSH command become arguments without passing through a shell, and the settings are fixed on the router: the holder
 * of a key cannot choose another folder, socket or program.
 */
export function forcedCommand(settings: readonly string[]): string {
  for (const setting of settings) {
    if (!/^(config|entry|secret|birdc|socket|main)=[A-Za-z0-9._/@:+=-]+$/.test(setting)) {
      throw new Error(`${JSON.stringify(setting)} is not a setting of the router script`);
    }
  }
  const fixed = ['fixed', ...settings, '--'].join(' ');
  return `#!/bin/sh
# Rendered by noencap: all that an account which only delivers may do on this router.
case \${SSH_ORIGINAL_COMMAND:-} in
  'exec sh -c '*) echo '${WORDS_ONLY}' >&2; exit 2 ;;
esac
unset script
set -f
# shellcheck disable=SC2086
set -- ${fixed} \${SSH_ORIGINAL_COMMAND:-}
set +f
${WHOLE}`;
}
