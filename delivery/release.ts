import { createHash } from 'node:crypto';
import type { Hidden } from './hidden.ts';

/** One file of a release. */
export interface ReleaseFile {
  /** Below BIRD's configuration folder: `k3s/ibgp.conf`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** The one secret file of a release. It is kept apart, so that code that shows files cannot show it. */
export interface SecretFile {
  /** In BIRD's configuration folder itself. */
  readonly path: string;
  readonly content: Hidden;
}

/** What is delivered to one router. The same files always make the same release. */
export interface Release {
  /** The first 16 digits of the sha256 of its manifest. */
  readonly hash: string;
  /** In the format of `sha256sum`: a line per file, sorted by path. */
  readonly manifest: string;
  readonly files: readonly ReleaseFile[];
  readonly secret: SecretFile | undefined;
}

/** The name of the manifest, which lies beside the files of the release. */
const MANIFEST = 'manifest';

/** The limit of the router's script; the files of a large router are a few hundred kilobytes. */
export const LARGEST_RELEASE = 32 * 1024 * 1024;

/**
 * The release that consists of these files (path to content). Throws if a name could leave the folder or is special to a
 * shell: the names come from router and node names, which the topology has checked, so this would be our own fault.
 */
export function releaseOf(contents: ReadonlyMap<string, string | Uint8Array>, secret?: SecretFile): Release {
  if (contents.size === 0) throw new Error('a release has at least one file');
  const files = [...contents]
    .map(([path, content]) => {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      return { path, bytes, sha256: sha256(bytes) };
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1));
  const hashes = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  if (secret !== undefined) {
    if (hashes.has(secret.path) || secret.path.includes('/')) {
      throw new Error(`${JSON.stringify(secret.path)} cannot be delivered: it is not a separate file`);
    }
    hashes.set(secret.path, sha256(secret.content.reveal()));
  }
  for (const path of hashes.keys()) {
    const fault = faultOf(path, hashes);
    if (fault !== undefined) throw new Error(`${JSON.stringify(path)} cannot be delivered: ${fault}`);
  }
  const manifest = manifestOf(hashes);
  return { hash: hashOf(manifest), manifest, files, secret };
}

/** The text of a manifest, from path to sha256. */
export const manifestOf = (hashes: ReadonlyMap<string, string>): string =>
  [...hashes]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, hash]) => `${hash}  ${path}\n`)
    .join('');

/** The name of the release with this manifest. */
export const hashOf = (manifest: string): string => sha256(manifest).slice(0, 16);

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

function faultOf(path: string, all: ReadonlyMap<string, unknown>): string | undefined {
  const parts = path.split('/');
  if (path.startsWith('/')) return 'an absolute path';
  if (parts.includes('..') || parts.includes('.')) return 'its path leaves the folder';
  if (!parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/.test(part))) {
    return 'a component of its path is empty, starts with a dot or dash, or has characters other than letters, digits and _.@+-';
  }
  if (path === MANIFEST) return 'the manifest has this name';
  if (parts.some((_, index) => index > 0 && all.has(parts.slice(0, index).join('/')))) {
    return 'a file has the name of its folder';
  }
  return ustarName(path) === undefined ? 'its path is too long for a tar archive' : undefined;
}

/** The release as a tar archive (ustar), manifest first. Nothing in it depends on when or where it is made. */
export function tarOf(release: Release): Uint8Array {
  const { manifest, files, secret } = release;
  const packed = [
    { path: MANIFEST, bytes: Buffer.from(manifest, 'utf8'), mode: 0o644 },
    ...files.map(({ path, bytes }) => ({ path, bytes, mode: 0o644 })),
    ...(secret === undefined
      ? []
      : [{ path: secret.path, bytes: Buffer.from(secret.content.reveal(), 'utf8'), mode: 0o600 }]),
  ];
  const blocks = packed.flatMap(({ path, bytes, mode }) => [
    header(path, bytes.length, mode),
    bytes,
    new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ]);
  const tar = Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]);
  if (tar.length > LARGEST_RELEASE) {
    throw new Error(`a release of ${tar.length} bytes cannot be delivered: the most is ${LARGEST_RELEASE}`);
  }
  return tar;
}

const BLOCK = 512;

/** POSIX.1-1988 ustar. The router's script gives the files the group and the permissions of BIRD's main file. */
function header(path: string, size: number, mode: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const name = ustarName(path);
  if (name === undefined) throw new Error(`${path} is too long for a tar archive`);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name.name, 0, 'ascii');
  block.write(octal(mode, 7), 100, 'ascii');
  block.write(octal(0, 7), 108, 'ascii');
  block.write(octal(0, 7), 116, 'ascii');
  block.write(octal(size, 11), 124, 'ascii');
  block.write(octal(0, 11), 136, 'ascii');
  block.write('        ', 148, 'ascii');
  block.write('0', 156, 'ascii');
  block.write('ustar\x0000', 257, 'ascii');
  block.write(octal(0, 7), 329, 'ascii');
  block.write(octal(0, 7), 337, 'ascii');
  block.write(name.prefix, 345, 'ascii');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}

/** A path in the two fields that ustar has for it; undefined if it does not fit. */
function ustarName(path: string): { name: string; prefix: string } | undefined {
  if (path.length <= 100) return { name: path, prefix: '' };
  const cut = path.indexOf('/', path.length - 101);
  return cut < 1 || cut > 155 ? undefined : { name: path.slice(cut + 1), prefix: path.slice(0, cut) };
}
