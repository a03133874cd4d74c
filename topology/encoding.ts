import type { Fault } from './fault.ts';
import { codePoint, fault, UNPRINTABLE } from './fault.ts';
import { yamlSource } from './source.ts';

export type Decoded =
  | { readonly ok: true; readonly text: string; readonly faults: readonly Fault[] }
  | { readonly ok: false; readonly text: string; readonly faults: readonly Fault[] };

/** 10,000 nodes take about 1 MiB; a larger file is not a topology. */
export const LARGEST = 16 * 1024 * 1024;

/** Decodes bytes to text, or says why they cannot be read: size, encoding, characters that hide or reorder text. */
export function decode(file: string, bytes: Uint8Array): Decoded {
  if (bytes.length > LARGEST) {
    const mib = Math.ceil(bytes.length / 1024 / 1024);
    return refuse(
      '',
      fault(
        'file-too-large',
        [],
        `is ${mib} MiB; the limit is 16 MiB`,
        'Check that this is the topology file.',
      ),
    );
  }
  const other = otherEncoding(bytes);
  if (other !== undefined) {
    return refuse('', fault('encoding', [], `is encoded as ${other}`, 'Save the file as UTF-8.'));
  }
  const invalid = firstInvalid(bytes);
  const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes);
  if (invalid !== undefined) {
    const before = new TextDecoder('utf-8').decode(bytes.subarray(0, invalid));
    const byte = (bytes[invalid] ?? 0).toString(16).toUpperCase().padStart(2, '0');
    const at = yamlSource(file, text, undefined).place(before.length, before.length + 1);
    return refuse(text, {
      ...fault('encoding', [], `byte 0x${byte} is not valid UTF-8 here`, 'Save the file as UTF-8.'),
      at,
    });
  }
  return { ok: true, text, faults: hiddenCharacters(file, text) };
}

const refuse = (text: string, why: Fault): Decoded => ({ ok: false, text, faults: [why] });

/** Detected by byte order mark, or by the zero bytes of ASCII in wider encodings. */
function otherEncoding(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'UTF-32' : 'UTF-16';
  if (a === 0xfe && b === 0xff) return 'UTF-16';
  if (a === 0 && b === 0) return c === 0xfe || c === 0 ? 'UTF-32' : undefined;
  if ((a === 0 && b !== 0) || (a !== 0 && b === 0 && d === 0)) return bytes.length > 3 ? 'UTF-16' : undefined;
  return undefined;
}

/** Offset of the first byte that is not valid UTF-8 (RFC 3629). */
function firstInvalid(bytes: Uint8Array): number | undefined {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return undefined;
  } catch {
    // The longest prefix that decodes; a truncated sequence at its end belongs to the invalid part.
    let [good, bad] = [0, bytes.length];
    while (good < bad) {
      const middle = Math.ceil((good + bad) / 2);
      if (decodes(bytes.subarray(0, middle))) good = middle;
      else bad = middle - 1;
    }
    return startOfSequence(bytes, good);
  }
}

/** With `stream`, a truncated sequence at the end is not an error, so the result is monotonic in the length. */
function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function startOfSequence(bytes: Uint8Array, end: number): number {
  let start = end;
  while (start > 0 && end - start < 3 && ((bytes[start - 1] ?? 0) & 0xc0) === 0x80) start -= 1;
  const lead = bytes[start - 1] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start > 0 && length > 1 && end - (start - 1) < length ? start - 1 : end;
}

/**
 * Unlike values, comments may contain the joiners of other languages: only real dangers are refused. A lone carriage return
 * ends a line in YAML, but a terminal overwrites the line and a diff shows one line; U+2028 and U+2029 end one in YAML 1.1.
 * U+E0000 and above are letters that nothing displays.
 */
const HIDDEN =
  /\r(?!\n)|(?!\r)[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]|(?!^)\ufeff/gu;
const MOST_REPORTED = 20;

/** Characters that make a file read differently from how it looks, also in comments: one fault per line. */
function hiddenCharacters(file: string, text: string): Fault[] {
  const source = yamlSource(file, text, undefined);
  const faults: Fault[] = [];
  let last = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match[0] === '\n' || match[0] === '\t') continue;
    const at = source.place(match.index, match.index + 1);
    if (at.line === last) continue;
    last = at.line;
    faults.push({ ...(match[0] === '\r' ? loneReturn : hiddenFault([], match[0])), at });
    if (faults.length === MOST_REPORTED) break;
  }
  return faults;
}

/** The first character of a value that is invisible in a diff, or that a target format would interpret. */
export function hiddenIn(value: string): string | undefined {
  return value.match(UNPRINTABLE)?.[0];
}

const loneReturn = fault(
  'hidden-character',
  [],
  'a carriage return without a line feed hides what is on the line',
  'End the line with a line feed.',
);

function nameOf(char: string): string {
  if (char === '\n' || char === '\r') return 'a line break';
  if (char === '\t') return 'a tab';
  return /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(char)
    ? 'which changes the direction of text'
    : 'which is invisible';
}

export const hiddenFault = (path: Fault['path'], char: string): Fault =>
  fault(
    'hidden-character',
    path,
    `contains the character ${codePoint(char)}, ${nameOf(char)}`,
    'Remove it: a value is one line of visible characters.',
  );
