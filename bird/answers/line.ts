/**
 * A line of an answer without its code: `1002-` continues and `0000 ` ends, and a line that repeats the code of the one before has a
 * blank in its place (BIRD's doc/reply_codes).
 */
export const withoutCode = (line: string): string =>
  /^\d{4}[- ]/.test(line) ? line.slice(5) : line.replace(/^ /, '');
