/**
 * One word of POSIX shell for exactly that text, whatever it contains. Except NUL: no
 * program argument can contain it.
 */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new Error('a shell word cannot contain NUL');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
