import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type Program, startProgram } from '../../machine/index.ts';

/**
 * Starts ssh in a session of its own, without a terminal: neither it nor the ssh to a jump host can prompt, Ctrl-C is ours to
 * handle, and everything that it starts ends with it. It ends with this process, however that ends.
 */
export function startSsh(words: readonly string[]): ChildProcessWithoutNullStreams {
  const child = startProgram('ssh', [...words], { detached: true, env: unasked() });
  const { pid } = child;
  if (pid === undefined) return child;
  watch(pid);
  // Its process ID may soon be reused.
  child.once('exit', () => forget(pid));
  return child;
}

/** Ends it and what it has started, at once: a process that does not answer would not hear a polite request either. */
export const endSsh = ({ pid, exitCode, signalCode }: Program): void => {
  if (pid !== undefined && exitCode === null && signalCode === null) kill(pid);
};

/** No window may ask for a passphrase, either. */
const unasked = (): NodeJS.ProcessEnv => ({ ...process.env, SSH_ASKPASS_REQUIRE: 'never' });

export function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

/**
 * Outlives this process for a moment: it reads on its input which process groups are ours (`+ 7`) and which no longer are (`- 7`), and
 * kills those that are left when its input ends, even if this process is ended by SIGKILL.
 */
const WATCHER = `trap '' HUP INT TERM
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -KILL "-$group"; done 2>/dev/null`;

let watcher: Program | undefined;
const watched = new Set<number>();

/** The group ends with this process, until `forget`. */
export function watch(group: number): void {
  watched.add(group);
  if (watcher === undefined) {
    watcher = startProgram('sh', ['-c', WATCHER], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    const begun = watcher;
    begun.on('error', () => {});
    begun.stdin?.on('error', () => {});
    begun.once('exit', () => {
      if (watcher === begun) watcher = undefined;
    });
    // Nothing waits for it.
    begun.unref();
    (begun.stdin as unknown as { unref?(): void } | null)?.unref?.();
  }
  watcher.stdin?.write(`+ ${group}\n`);
}

export function forget(group: number): void {
  if (!watched.delete(group)) return;
  watcher?.stdin?.write(`- ${group}\n`);
  if (watched.size > 0) return;
  // It ends without anything to do.
  watcher?.stdin?.end();
  watcher = undefined;
}
