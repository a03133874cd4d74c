/**
 * What calico-node looks for in the names of interfaces: regular expressions of Go (RE2) with commas between them. Calico takes off
 * spaces around the commas, and none at either end; an empty one matches every name.
 */
export const interfacePatterns = (written: string): string[] => written.split(/\s*,\s*/);

/**
 * Whether a pattern means the same to Go and here. Elsewhere they part without a word: `[[:digit:]]`, `\z`, `[]a]` and `[^]` are
 * other things to JavaScript, or none to Go.
 */
export const isPlainPattern = (pattern: string): boolean => PLAIN.test(pattern);

const IN_CLASS = /\\[^A-Za-z0-9]|\\[dDsSwW]|\[(?!:)|-(?!\\[dDsSwW])|[^\\[\]-]/;

/** Escapes that both know, classes that do not begin with "]", groups without flags; and no "[", "(" or "\\" by any other way. */
const PLAIN = new RegExp(
  `^(?:\\\\[^A-Za-z0-9]|\\\\[bBdDsSwW]|\\[\\^?(?:${IN_CLASS.source})+\\]|\\(\\?:|\\((?!\\?)|[^\\\\[(])*$`,
);
