import { posix } from 'node:path';
import { type BirdStatement, placeOf, readBird } from '../bird/parser.ts';
import { type Problem, problem } from '../topology/problem.ts';
import { yamlSource } from '../topology/source.ts';
import type { Note } from './facts.ts';

/** One router's folder: the bytes of its files by relative path; `name` identifies the folder in messages. */
export interface RouterFolder {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface BirdFiles {
  readonly statements: readonly BirdStatement[];
  readonly problems: readonly Problem[];
}

/** Entry files of a configuration: a whole one, or the part that the field report publishes. */
const ENTRIES = ['bird.conf', 'k3s/ibgp.conf', 'ibgp.conf'];

const MOST_INCLUDES = 8;

/** All statements of a configuration with its includes expanded in place, as BIRD reads it. */
export function readFolder({ name, files }: RouterFolder): BirdFiles {
  const problems: Problem[] = [];

  const readFile = (path: string, depth: number): BirdStatement[] => {
    const reading = readBird(posix.join(name, path), files.get(path) ?? new Uint8Array());
    if (reading.ok) return expanded(reading.statements, path, depth);
    problems.push(...reading.problems);
    return [];
  };

  const expanded = (statements: readonly BirdStatement[], from: string, depth: number): BirdStatement[] =>
    statements.flatMap((one): BirdStatement[] => {
      const [keyword, pattern] = one.words;
      if (keyword?.text === 'include' && pattern?.kind === 'string') {
        const found = matching(pattern.text, posix.dirname(from), files);
        if (found.length === 0 && !/[*?[]/.test(pattern.text)) {
          // Stays a statement: in a protocol it is most likely the password, which nobody should share.
          const path = pattern.text.startsWith('/')
            ? pattern.text
            : posix.join(posix.dirname(from), pattern.text);
          return [{ words: [keyword, { ...pattern, text: path }], body: undefined }];
        }
        if (depth < MOST_INCLUDES) return found.flatMap((path) => readFile(path, depth + 1));
        const fix = 'Check whether files include each other.';
        const message = 'includes are nested deeper than BIRD allows';
        problems.push(problem(pattern.source, placeOf(pattern), message, fix));
        return [];
      }
      return one.body === undefined ? [one] : [{ ...one, body: expanded(one.body, from, depth) }];
    });

  const entry = ENTRIES.find((path) => files.has(path));
  if (entry === undefined) {
    const message = `has none of ${ENTRIES.join(', ')}`;
    const fix = files.has('frr.conf')
      ? "This is an FRR folder, but noencap's routers run BIRD: give no folder for this router, and its BGPPeer stays."
      : "Name a copy of BIRD's folder, /etc/bird on most routers.";
    problems.push(problem(yamlSource(name, '', undefined), undefined, message, fix));
    return { statements: [], problems };
  }
  return { statements: readFile(entry, 0), problems };
}

/** BIRD 1 had one file per family. In a BIRD 2 folder, the IPv6 file is not read. */
export function ofBird6({ name, files }: RouterFolder, { statements }: BirdFiles): Note[] {
  const file = posix.join(name, BIRD6);
  if (!files.has(BIRD6) || statements.some(({ words }) => words[0]?.source.file === file)) return [];
  const message =
    "it is BIRD 1's file for IPv6, which neither BIRD 2 nor adopt reads: if bird6 is still running, its sessions are not counted";
  return [{ what: file, message, at: { source: yamlSource(file, '', undefined), path: [] } }];
}

const BIRD6 = 'bird6.conf';

/**
 * Files that match an `include` pattern, in the order of BIRD's glob. A relative pattern starts at the including file;
 * an absolute one is matched by its end, since the copy is not where the folder was.
 */
function matching(pattern: string, folder: string, files: ReadonlyMap<string, Uint8Array>): string[] {
  const paths = [...files.keys()].sort();
  if (!pattern.startsWith('/')) {
    const glob = globOf(posix.join(folder, pattern));
    return paths.filter((path) => glob.test(path));
  }
  const parts = pattern.split('/').slice(1);
  // The longest end that exists: /etc/bird/k3s/ibgp.conf is k3s/ibgp.conf in a copy of /etc/bird.
  for (const [index] of parts.entries()) {
    const glob = globOf(parts.slice(index).join('/'));
    const found = paths.filter((path) => glob.test(path));
    if (found.length > 0) return found;
  }
  return [];
}

/** glob(7) as BIRD calls it: `*` and `?` match no slash and no leading dot. */
function globOf(pattern: string): RegExp {
  const body = pattern.replace(/\[[^\]/]+\]|[*?]|[^*?[]|\[/g, (part, offset: number) => {
    const first = offset === 0 || pattern[offset - 1] === '/';
    if (part === '*') return first ? '(?!\\.)[^/]*' : '[^/]*';
    if (part === '?') return first ? '(?!\\.)[^/]' : '[^/]';
    if (part.length > 1) return `[${part.slice(1, -1).replace(/\\/g, '\\\\').replace(/^!/, '^')}]`;
    return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  return new RegExp(`^${body}$`);
}
