/**
 * One word of POSIX shell that stands for exactly that text, whatever is in it. Only NUL has no such word: no
 * program argument can hold it.
 */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new Error('a shell word cannot hold NUL');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
