import { type RemoteCommand, words } from './remote.ts';

/** Precedes the script's own output: anything earlier comes from the login shell's startup files. */
export const BEGIN = '\u0001noencap\n';

/** What an account that runs only noencap's forced command says when it is sent a script. Installed on routers: it must not change. */
export const WORDS_ONLY = 'noencap: this account takes words only';

/** What is sent to a restricted account: its forced command reads it as words, without a shell. */
export const wordsLine = (command: RemoteCommand): string => words(command).join(' ');

/** What is sent to an account with a shell: a command, and the input that it reads first. */
export interface Sent {
  readonly line: string;
  /** Nothing may be sent after it until BEGIN has arrived: a `head` that reads ahead (busybox) would consume it. */
  readonly script: readonly Uint8Array[];
}

/**
 * sshd hands the command to the login shell, which may be any shell: within single quotes fish treats `\` before a quote or another `\`
 * specially, csh `!` and line ends. So the script is not in the command: the sh that the command starts reads it from its input. A script
 * that was cut off does nothing: everything but its last line is a definition.
 */
export function sentScript(script: string, command: RemoteCommand): Sent {
  const sent = [Buffer.from(`set -- ${words(command).map(shellWord).join(' ')}\n`), withoutComments(script)];
  const length = sent.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const run = `script="$(head -c ${length})"; printf "\\001noencap\\012"; eval "$script"`;
  // For people who look at the router's processes.
  const what = /^[a-z]+$/.test(command.verb) ? ` ${command.verb}` : '';
  return { line: `exec sh -c '${run}' noencap${what}`, script: sent };
}

const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The script without comments, which both shells would have to read. All routers get the same two or three scripts. */
function withoutComments(script: string): Uint8Array {
  const cached = strippedScripts.get(script);
  if (cached !== undefined) return cached;
  const text = Buffer.from(script.replace(/^[ \t]*#.*\n/gm, ''));
  strippedScripts.set(script, text);
  return text;
}

const strippedScripts = new Map<string, Uint8Array>();
