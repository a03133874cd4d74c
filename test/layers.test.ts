import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';

/**
 * Each folder, and what it may import from. The data flows one way: nothing downstream is ever named. A folder inside another one with
 * its own line is not part of it.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  machine: [],
  calico: [],
  'bird/words.ts': [],
  topology: ['bird/words.ts', 'calico'],
  bird: ['topology'],
  fabric: ['bird/words.ts', 'calico', 'topology'],
  'calico/node': ['calico', 'fabric', 'topology'],
  imports: [],
  metrics: ['fabric', 'topology'],
  charts: ['calico', 'fabric', 'metrics', 'topology', 'imports'],
  routers: ['bird', 'fabric', 'topology'],
  nodes: ['fabric', 'topology'],
  analysis: ['calico', 'fabric', 'topology'],
  lab: ['bird', 'calico', 'calico/node', 'fabric', 'machine', 'topology'],
  delivery: ['bird', 'delivery/gate', 'delivery/script', 'delivery/ssh', 'fabric', 'machine', 'topology'],
  'delivery/gate': ['bird', 'fabric', 'topology'],
  'delivery/script': ['delivery/ssh'],
  'delivery/ssh': ['fabric', 'machine'],
  bootstrap: ['charts', 'fabric', 'topology'],
  live: ['bootstrap', 'fabric', 'machine', 'topology'],
  'live/routers': ['delivery', 'drift', 'fabric', 'topology', 'verify'],
  'live/cluster': ['bootstrap', 'drift', 'machine', 'verify'],
  'live/probe': ['bootstrap', 'live/cluster', 'topology', 'verify'],
  verify: ['analysis', 'bird', 'calico', 'delivery/gate', 'fabric', 'topology'],
  review: ['analysis', 'bird', 'calico', 'calico/node', 'fabric', 'topology'],
  'review/markdown': ['fabric', 'review', 'topology'],
  drift: ['bootstrap', 'calico', 'fabric', 'review', 'review/markdown', 'topology', 'verify'],
  adopt: ['bird', 'bird/words.ts', 'calico', 'fabric', 'review', 'topology'],
  // The cdk8s app, to which a user may add charts.
  'main.ts': ['charts', 'fabric'],
  repository: [
    'analysis',
    'calico',
    'charts',
    'fabric',
    'machine',
    'main.ts',
    'nodes',
    'review',
    'routers',
    'topology',
  ],
  github: ['drift', 'machine', 'review', 'topology'],
  secrets: ['delivery', 'fabric', 'machine', 'repository', 'topology'],
  // What the package exports.
  'library.ts': ['charts', 'fabric', 'main.ts', 'topology'],
  packaging: ['fabric', 'machine', 'main.ts', 'repository', 'topology'],
  start: ['fabric', 'review/markdown', 'topology'],
  cli: [
    'adopt',
    'analysis',
    'bird',
    'bootstrap',
    'calico',
    'charts',
    'delivery',
    'drift',
    'fabric',
    'lab',
    'live',
    'live/routers',
    'live/cluster',
    'live/probe',
    'machine',
    'github',
    'repository',
    'review',
    'review/markdown',
    'routers',
    'secrets',
    'start',
    'topology',
    'verify',
    'package.json',
  ],
};

/** Folders without side effects: they may only compute. */
const PURE = Object.keys(MAY_IMPORT).filter(
  (folder) =>
    ![
      'cli',
      'delivery',
      'delivery/ssh',
      'github',
      'lab',
      'live',
      'live/routers',
      'live/cluster',
      'live/probe',
      'machine',
      'packaging',
      'repository',
      'secrets',
    ].includes(folder),
);

const sources = (room: string): string[] =>
  room.endsWith('.ts')
    ? [room]
    : readdirSync(room, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(room, name))
        .filter((file) => roomOf(file) === room)
        .sort();

/** The innermost of the folders above that contains a file; the file itself if none does. */
const roomOf = (file: string): string =>
  Object.keys(MAY_IMPORT)
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0] ??
  file.split('/')[0] ??
  '';

const importsOf = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /(?:^|[\s;])(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gm,
    ),
  ].map(([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? '');

test.each(Object.entries(MAY_IMPORT))('%s imports from itself and from %j only', (folder, allowed) => {
  for (const file of sources(folder)) {
    const reached = importsOf(file)
      .filter((from) => from.startsWith('.'))
      .map((from) => roomOf(normalize(join(file, '..', from))));
    expect({ file, reaches: reached.filter((to) => to !== folder && !allowed.includes(to)) }).toEqual({
      file,
      reaches: [],
    });
  }
});

test.each(PURE)('%s touches no file, process, network or clock', (folder) => {
  for (const file of sources(folder)) {
    const builtins = importsOf(file).filter((from) => from.startsWith('node:'));
    expect({
      file,
      builtins: builtins.filter((from) => !['node:crypto', 'node:path'].includes(from)),
    }).toEqual({
      file,
      builtins: [],
    });
    const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const touched = code.match(
      /\b(process\.|new Date\b|Date\.now|Math\.random|performance\.|console\.|setTimeout|fetch\((?!\))|random(UUID|Bytes|Int))/g,
    );
    expect({ file, touched }).toEqual({ file, touched: null });
  }
});

test('no modules import each other in a circle, types neither', () => {
  expect(circles(Object.keys(MAY_IMPORT).flatMap(sources))).toEqual([]);
});

test('a circle is detected, without what only leads to it', () => {
  const to: Record<string, readonly string[]> = { a: ['b'], b: ['c'], c: ['b'], d: [] };
  expect(circles(Object.keys(to), (file) => to[file] ?? [])).toEqual([['b', 'c']]);
});

/** Strongly connected components of more than one module: each module reaches itself through others of its component. */
function circles(
  files: readonly string[],
  importedBy: (file: string) => readonly string[] = ownImports,
): string[][] {
  const to = new Map(files.map((file) => [file, importedBy(file).filter((one) => files.includes(one))]));
  const reached = new Map(files.map((file) => [file, reachedFrom(file, to)]));
  const mutual = (a: string, b: string) => reached.get(a)?.has(b) === true && reached.get(b)?.has(a) === true;
  const found = files.map((file) => files.filter((other) => mutual(file, other)).sort());
  return found.filter((part, index) => part.length > 1 && part[0] === files[index]);
}

const ownImports = (file: string): string[] =>
  importsOf(file)
    .filter((from) => from.startsWith('.'))
    .map((from) => normalize(join(file, '..', from)));

function reachedFrom(file: string, to: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set<string>();
  const left = [...(to.get(file) ?? [])];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    left.push(...(to.get(next) ?? []));
  }
  return seen;
}

test('programs are started in one place, which keeps secrets from them', () => {
  const starts = Object.keys(MAY_IMPORT)
    .flatMap(sources)
    .filter((file) => /^import (?!type\b)[^;]*'node:child_process'/m.test(readFileSync(file, 'utf8')));
  expect(starts).toEqual(['machine/child.ts']);
});

test('all output for people goes through one place, which neutralises what could be obeyed', () => {
  const writers = Object.keys(MAY_IMPORT)
    .flatMap(sources)
    .filter((file) => {
      const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      return /\b(process\.std(out|err)|console\.|writeSync\([12]\b|stdio: ?'inherit'|\/dev\/(std(out|err)|tty))/.test(
        code,
      );
    });
  // The first is that place, the second draws printable titles, and the third hands the terminal to the user's own command.
  expect(writers).toEqual(['cli/terminal.ts', 'cli/progress.ts', 'cli/running-lab.ts'].sort());
});

test('the test itself sees imports: of types, over several lines, and dynamic ones', () => {
  expect(importsOf('cli/commands/network.ts')).toContain('../check.ts');
  expect(importsOf('fabric/fabric.ts')).toContain('../topology/model.ts');
  expect(importsOf('main.ts')).toContain('./charts/index.ts');
  expect(importsOf('cli/main.ts').some((from) => from.includes('main.ts'))).toBe(false);
});
