import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Why a file was not read; `code` is the system's, or EFBIG if it is too large and ENODEV if it is not a regular file. */
export class Unreadable extends Error {
  readonly code: string;
  readonly path: string;
  /** The size of a file that is too large, if known. */
  readonly size: number | undefined;

  constructor(path: string, code: string, says: string, size?: number) {
    super(says);
    this.path = path;
    this.code = code;
    this.size = size;
  }
}

/**
 * The bytes of a file that somebody else may have put there: never more than `most`, and only of a regular file, since a device never
 * ends and a pipe may never begin. A descriptor opened by the shell (`<(command)`, /dev/stdin) may be a pipe: it has
 * a writer. Throws Unreadable, or the error of the file system.
 */
export function readAtMost(path: string, most: number): Buffer {
  const [, handed] =
    /^\/(?:dev|proc\/self)\/fd\/(\d{1,5})$/.exec(path === '/dev/stdin' ? '/dev/fd/0' : path) ?? [];
  // Without O_NONBLOCK opening a pipe waits for its writer.
  const file =
    handed === undefined ? openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) : Number(handed);
  try {
    const found = fstatSync(file);
    const isGood = found.isFile() || (handed !== undefined && (found.isFIFO() || found.isSocket()));
    if (found.isDirectory()) throw new Unreadable(path, 'EISDIR', 'is a folder');
    if (!isGood) {
      const what = found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device';
      throw new Unreadable(path, 'ENODEV', `is ${what}, not a file`);
    }
    if (found.size > most) throw tooLarge(path, most, found.size);
    return bytesOf(path, file, most, found.isFile() ? found.size : 0);
  } finally {
    if (handed === undefined) closeSync(file);
  }
}

/** Grows with the input: the size of a pipe, or of a file below /proc, is unknown. */
function bytesOf(path: string, file: number, most: number, size: number): Buffer {
  let buffer = Buffer.allocUnsafe(Math.min(most, Math.max(size, 64 * 1024)) + 1);
  let length = 0;
  for (;;) {
    const read = readSync(file, buffer, length, buffer.length - length, null);
    length += read;
    if (length > most) throw tooLarge(path, most, undefined);
    if (read === 0) return buffer.subarray(0, length);
    if (length === buffer.length) buffer = Buffer.concat([buffer], Math.min(most + 1, buffer.length * 2));
  }
}

function tooLarge(path: string, most: number, size: number | undefined): Unreadable {
  const has = size === undefined ? 'is larger than' : `has ${inWords(size)}, more than`;
  return new Unreadable(path, 'EFBIG', `${has} the ${inWords(most)} that noencap reads`, size);
}

const inWords = (bytes: number): string => {
  const [unit, name] = bytes >= MIB ? [MIB, 'MiB'] : bytes >= 1024 ? [1024, 'KiB'] : [1, 'bytes'];
  return `${Math.ceil(bytes / unit)} ${name}`;
};

const MIB = 1024 * 1024;

/** The clause that follows the name of a file in a message. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const isOurs = error instanceof Unreadable && code !== 'EISDIR';
  return isOurs ? message : `cannot be read (${code ?? String(error)})`;
}
