/** The output of one stream as bytes, decoded once when complete. */
export interface Heard {
  readonly length: number;
  /** False if that exceeds the limit; then nothing of it is kept. */
  add(chunk: Uint8Array): boolean;
  /** The first position of this text, skipping what was searched before; -1 if absent. */
  find(what: string): number;
  /** The last bytes, as Latin-1. */
  tail(bytes: number): string;
  text(from?: number, to?: number): string;
  /** Forgets everything before this position, so that it does not count. */
  drop(to: number): void;
  /** Forgets everything after this many bytes, and resets the limit. */
  cut(to: number): void;
}

/** The limits of a stream. */
export interface Most {
  readonly bytes: number;
  readonly lines: number;
  /** Bytes of one line. */
  readonly line: number;
}

/** Collects a stream within these limits. */
export function heard(most: Most): Heard {
  let bytes = Buffer.alloc(0);
  let [length, lines, line, looked] = [0, 0, 0, 0];
  const received = () => bytes.subarray(0, length);
  return {
    get length() {
      return length;
    },
    add: (chunk) => {
      for (let at = 0; at < chunk.length; ) {
        const end = chunk.indexOf(10, at);
        const next = end === -1 ? chunk.length : end + 1;
        line += next - at;
        if (line > most.line) return false;
        if (end !== -1) [line, lines] = [0, lines + 1];
        at = next;
      }
      if (length + chunk.length > most.bytes || lines > most.lines) return false;
      if (length + chunk.length > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(2 * bytes.length, length + chunk.length));
        received().copy(larger);
        bytes = larger;
      }
      bytes.set(chunk, length);
      length += chunk.length;
      return true;
    },
    find: (what) => {
      const at = received().indexOf(what, Math.max(0, looked - what.length));
      looked = at === -1 ? length : at;
      return at;
    },
    tail: (count) => bytes.toString('latin1', Math.max(0, length - count), length),
    text: (from = 0, to = length) => bytes.toString('utf8', from, Math.min(to, length)),
    drop: (to) => {
      bytes = Buffer.from(bytes.subarray(to, length));
      [length, looked] = [bytes.length, 0];
    },
    cut: (to) => {
      if (to >= length && to > 0) return;
      bytes = Buffer.from(bytes.subarray(0, to));
      [length, lines, line, looked] = [bytes.length, 0, 0, Math.min(looked, to)];
    },
  };
}
