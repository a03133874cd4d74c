import { type RemoteCommand, words } from './remote.ts';

/** Stands before the script's own output: what comes earlier was said by the login shell's startup files. */
export const BEGIN = '\u0001noencap\n';

/** What an account says that runs noencap's forced command only, when it is sent a script. */
export const WORDS_ONLY = 'noencap: this account takes words only';

/** What a restricted account is sent: its forced command reads it as words, without a shell. */
export const wordsLine = (command: RemoteCommand): string => words(command).join(' ');

/**
 * What an account with a shell is sent. sshd hands it to the login shell, which may be any: in single quotes `\` is special to
 * fish, and `!` and line ends to csh. So the script travels without these; the sh that it starts puts them back.
 */
export const scriptLine = (script: string, command: RemoteCommand): string =>
  `exec sh -c '${UNPACK}' noencap '${packed(`set -- ${words(command).map(shellWord).join(' ')}\n${bare(script)}`)}'`;

/** Without its comments: both shells would read them. */
const bare = (script: string): string => script.replace(/^[ \t]*#.*\n/gm, '');

/** In this order they become the characters 1 to 4. */
const SPECIAL = "'\\!\n";

const packed = (text: string): string =>
  text.replace(/['\\!\n]/g, (special) => String.fromCharCode(SPECIAL.indexOf(special) + 1));

const UNPACK =
  'printf "\\001noencap\\012"; eval "$(printf %s "$1" | tr "\\001\\002\\003\\004" "\\047\\134\\041\\012")"';

const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
