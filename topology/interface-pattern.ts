/**
 * How calico-node selects interfaces by name: Go regular expressions (RE2) separated by commas. Calico strips
 * spaces around the commas, but not at either end; an empty expression matches every name.
 */
export const interfacePatterns = (written: string): string[] => written.split(/\s*,\s*/);

/**
 * Whether a pattern means the same in Go and in JavaScript. They differ silently elsewhere: `[[:digit:]]`, `\z`, `[]a]` and `[^]` mean
 * something else in JavaScript, or nothing in Go.
 */
export const isPlainPattern = (pattern: string): boolean => PLAIN.test(pattern);

const IN_CLASS = /\\[^A-Za-z0-9]|\\[dDsSwW]|\[(?!:)|-(?!\\[dDsSwW])|[^\\[\]-]/;

/** Escapes that both know, classes that do not begin with "]", groups without flags; no other use of "[", "(" or "\\". */
const PLAIN = new RegExp(
  `^(?:\\\\[^A-Za-z0-9]|\\\\[bBdDsSwW]|\\[\\^?(?:${IN_CLASS.source})+\\]|\\(\\?:|\\((?!\\?)|[^\\\\[(])*$`,
);
