import { type StructuredPatchHunk, structuredPatch } from 'diff';

/** One changed text file: a BIRD configuration, or a file of a node. */
export interface FileChange {
  /** Below dist. */
  readonly path: string;
  readonly change: 'added' | 'deleted' | 'changed';
  readonly added: number;
  readonly removed: number;
  /** Unified, three lines around each change, without a header. */
  readonly hunks: readonly string[];
}

/** The changes of all files below a folder, by path. What is added or deleted whole has all of its lines in one hunk. */
export function fileChanges(
  folder: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): FileChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter((path) =>
    path.startsWith(`${folder}/`),
  );
  return paths.sort().flatMap((path): FileChange[] => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is) return [];
    const hunks = hunksBetween(was, is);
    const lines = hunks.flatMap((hunk) => hunk.lines);
    return [
      {
        path,
        change: was === undefined ? 'added' : is === undefined ? 'deleted' : 'changed',
        added: lines.filter((line) => line.startsWith('+')).length,
        removed: lines.filter((line) => line.startsWith('-')).length,
        hunks: hunks.map(({ oldStart, oldLines, newStart, newLines, lines: hunkLines }) =>
          [`@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`, ...hunkLines.map(shown)].join(
            '\n',
          ),
        ),
      },
    ];
  });
}

function hunksBetween(was: string | undefined, is: string | undefined): readonly StructuredPatchHunk[] {
  if (was !== undefined && is !== undefined) {
    return structuredPatch('', '', was, is, undefined, undefined, { context: 3 }).hunks;
  }
  // What is on one side only needs no search, which takes time by the square of its lines.
  const text = was ?? is ?? '';
  if (text === '') return [];
  const lines = text.replace(/\n$/, '').split('\n');
  const [sign, oldLines, newLines]: [string, number, number] =
    was === undefined ? ['+', 0, lines.length] : ['-', lines.length, 0];
  const end = text.endsWith('\n') ? [] : ['\\ No newline at end of file'];
  return [
    { oldStart: 1, oldLines, newStart: 1, newLines, lines: [...lines.map((line) => sign + line), ...end] },
  ];
}

/** Of no lines the place is that of the line before (POSIX diff -u). */
const range = (start: number, lines: number): string => `${lines === 0 ? start - 1 : start},${lines}`;

/** BIRD's `password "..."`, and what K3s' configuration and that of its registries have. */
const SECRETS = [
  /(\bpassword\s+")([^"]*)/g,
  /(^.\s*(?:-\s+)?(?:token|agent-token|password|auth|identity_token|datastore-endpoint|etcd-s3-secret-key):\s*)(\S.*)$/g,
];

/** Nothing that is rendered holds a secret; what somebody wrote into a rendered file may. */
const shown = (line: string): string =>
  SECRETS.reduce(
    (text, secret) =>
      text.replace(secret, (_, start: string, value: string) => start + '*'.repeat(value.length)),
    line,
  );
