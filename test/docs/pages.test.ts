import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { scratch, scratchProject } from '../cli/run.ts';

/** Every page that a user reads. */
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
];

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const fences = readFileSync(page, 'utf8').matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm);
  return [...fences].map(([, language = '', text = '']) => ({ language, text }));
}

/** The duration is the only difference. */
const timeless = (text: string): string => text.replace(/\(\d+\.\d+ s\)/g, '(0.00 s)');

/** Pages are for a repository that has noencap as its dependency; the README's first commands are for a clone. */
const asInARepository = (text: string): string => text.replaceAll('bin/noencap', 'npx noencap');

const withCommands = pages.filter((page) => blocksOf(page).some(({ language }) => language === 'sh'));

/** Nothing else reads the manifests of other tools on a page: they must at least be YAML. */
test.each(
  pages.flatMap((page) =>
    blocksOf(page)
      .filter(({ language, text }) => language === 'yaml' && /^kind:/m.test(text))
      .map(({ text }) => [page, text] as const),
  ),
)('%s: a manifest on it can be applied', (_page, text) => {
  const manifest = parse(text);
  expect(manifest).toMatchObject({
    apiVersion: expect.stringMatching(/^[a-z0-9.-]+\/v\d\w*$/),
    kind: expect.any(String),
    metadata: { name: expect.any(String) },
  });
  if (text.includes('password:')) expect(manifest.metadata.namespace).toBe('calico-system');
  expect(manifest.kind).not.toBe('Secret');
});

test('the pages that lead a newcomer have commands', () => {
  expect(withCommands).toEqual(
    expect.arrayContaining([
      'README.md',
      'docs/first-cluster.md',
      'docs/add-a-node.md',
      'docs/add-a-region.md',
      'docs/rotate-a-password.md',
    ]),
  );
});

/**
 * `sh` blocks run in a copy of the project, `diff` blocks are applied to it, and a `text` block right after an `sh` block
 * is what the command prints. npm and npx are stand-ins: the packages are installed, these are the tests, and noencap is the clone's; the
 * package's own test runs it from an npm package.
 */
const needsNetns = (page: string): boolean => page === 'docs/lab.md' && process.env.NOENCAP_NO_NETNS === '1';

for (const page of withCommands.filter(needsNetns)) test.skip(`${page} needs network namespaces`, () => {});

/** One for all pages: noencap is compiled only once as long as its sources stay in place. */
let project: string;
/** As it was made: what a page changes is taken from here. */
let pristine: string;
beforeAll(() => {
  project = scratchProject();
  pristine = scratch();
  for (const entry of readdirSync(project).filter(isChanged)) copy(entry, project, pristine);
});
afterAll(() => {
  for (const folder of [project, pristine]) rmSync(folder, { recursive: true });
});

const isChanged = (entry: string): boolean =>
  entry !== '.cache' &&
  (['dist', 'docs', 'topology.yaml'].includes(entry) || entry.startsWith('.') || !existsSync(entry));

const copy = (entry: string, from: string, to: string): void =>
  cpSync(join(from, entry), join(to, entry), { recursive: true });

/** Everything but sources and noencap's own cache is as in a new clone. */
function restore(): void {
  for (const entry of readdirSync(project).filter(isChanged)) {
    rmSync(join(project, entry), { recursive: true });
  }
  for (const entry of readdirSync(pristine)) copy(entry, pristine, project);
  for (const entry of ['bin', 'home'])
    rmSync(join(project, '.cache', entry), { recursive: true, force: true });
}

test.each(withCommands.filter((page) => !needsNetns(page)))(
  '%s: what it says to type works, and prints what it says',
  (page) => {
    restore();
    const bin = join(project, '.cache/bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'npm'), '#!/bin/sh\ncase $1 in ci | install | test) ;; *) exit 9 ;; esac\n');
    writeFileSync(
      join(bin, 'npx'),
      `#!/bin/sh\n[ "$1" = noencap ] || exit 9\nshift\nexec ${join(project, 'bin/noencap')} "$@"\n`,
    );
    for (const name of ['npm', 'npx']) chmodSync(join(bin, name), 0o755);
    const home = join(project, '.cache/home');
    mkdirSync(home);
    const env = { ...process.env, HOME: home, PATH: `${bin}:${process.env.PATH}`, GITHUB_ACTIONS: '' };
    let printed: string | undefined;
    // A `cd` holds for the rest of the page.
    let cwd = project;
    const where = join(home, 'where');
    for (const { language, text } of blocksOf(page)) {
      if (language === 'diff') {
        const applied = spawnSync('git', ['apply', '-'], { cwd, input: text, encoding: 'utf8' });
        expect(applied.stderr).toBe('');
      }
      if (language === 'text' && printed !== undefined)
        expect(asInARepository(timeless(printed))).toBe(timeless(text));
      printed = undefined;
      if (language === 'sh') {
        const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', `${text}\npwd >"$WHERE"`], {
          cwd,
          env: { ...env, WHERE: where },
          encoding: 'utf8',
        });
        expect({ text, status, stderr }).toEqual({ text, status: 0, stderr: '' });
        printed = stdout;
        cwd = readFileSync(where, 'utf8').trimEnd();
      }
    }
  },
);

test.each(pages)('%s: every link to a file leads somewhere', (page) => {
  const text = readFileSync(page, 'utf8');
  const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)(#[^)]*)?\)/g)].map(([, target = '']) => target);
  const missing = targets.filter((target) => {
    const path = join(dirname(page), target);
    return spawnSync('test', ['-e', path]).status !== 0;
  });
  expect(missing).toEqual([]);
});

/** The anchor that GitHub makes from a heading: lower case, no punctuation, a hyphen for each blank. */
const anchorsOf = (page: string): string[] =>
  [
    ...readFileSync(page, 'utf8')
      .replace(/^```[\s\S]*?^```$/gm, '')
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );

test.each(pages)('%s: every link to a heading finds it', (page) => {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
  const missing = links.filter(([, target = '', anchor = '']) => {
    const path = target === '' ? page : join(dirname(page), target);
    return !anchorsOf(path).includes(anchor);
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

test('every dependency has its reason in docs/dependencies.md, and no other is listed', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const named = [...readFileSync('docs/dependencies.md', 'utf8').matchAll(/^\| ([@a-z][^|]*?) \|/gm)]
    .flatMap(([, names = '']) => names.split(', '))
    .filter((name) => name !== 'package');
  expect(named.sort()).toEqual([...Object.keys(dependencies), ...Object.keys(devDependencies)].sort());
});

test("the test command and the first command of the README are CI's", () => {
  const ci = readFileSync('.ci/run', 'utf8');
  const commands = blocksOf('README.md').flatMap(({ language, text }) =>
    language === 'sh' ? [text.trim()] : [],
  );
  expect(commands).toEqual(['npm ci && bin/noencap synth', 'npm test']);
  expect(ci.trimEnd().endsWith('\nnpm test')).toBe(true);
});
