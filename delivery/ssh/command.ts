import { type RemoteCommand, words } from './remote.ts';

/** Stands before the script's own output: what comes earlier was said by the login shell's startup files. */
export const BEGIN = '\u0001noencap\n';

/** What an account says that runs noencap's forced command only, when it is sent a script. */
export const WORDS_ONLY = 'noencap: this account takes words only';

/** What a restricted account is sent: its forced command reads it as words, without a shell. */
export const wordsLine = (command: RemoteCommand): string => words(command).join(' ');

/** What an account with a shell is sent: a command, and what it reads before anything else. */
export interface Sent {
  readonly line: string;
  /** After it nothing may be sent until BEGIN has come: a `head` that reads ahead (busybox) would take it. */
  readonly script: readonly Uint8Array[];
}

/**
 * sshd hands the command to the login shell, which may be any: in single quotes `\` before a quote or another `\` is special to fish, and
 * `!` and line ends to csh. So the script is not in the command: the sh that it starts reads it from its input. One that was cut off does
 * nothing: all of it but its last line are definitions.
 */
export function sentScript(script: string, command: RemoteCommand): Sent {
  const sent = [Buffer.from(`set -- ${words(command).map(shellWord).join(' ')}\n`), bare(script)];
  const length = sent.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const run = `script="$(head -c ${length})"; printf "\\001noencap\\012"; eval "$script"`;
  // For whoever looks at the router's processes.
  const what = /^[a-z]+$/.test(command.verb) ? ` ${command.verb}` : '';
  return { line: `exec sh -c '${run}' noencap${what}`, script: sent };
}

const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Without its comments: both shells would read them. All routers are sent the same two or three scripts. */
function bare(script: string): Uint8Array {
  const known = bared.get(script);
  if (known !== undefined) return known;
  const text = Buffer.from(script.replace(/^[ \t]*#.*\n/gm, ''));
  bared.set(script, text);
  return text;
}

const bared = new Map<string, Uint8Array>();
