import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const { satisfies } = jest.requireActual<{ satisfies(version: string, range: string): boolean }>('semver');

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
  readonly engines?: { readonly node?: string };
}

const ours = JSON.parse(readFileSync('package.json', 'utf8'));
const locked: Readonly<Record<string, Locked>> = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
).packages;
const packages = Object.entries(locked).filter(([path]) => path !== '');

/** The first of each line, and one of today. */
const NODES = ['20.19.0', '20.20.2', '22.0.0', '22.12.0', '22.23.3'];

describe('`npm ci` prints only what it installed', () => {
  test.each(NODES)('each package takes Node.js %s, or npm warns of it', (node) => {
    expect(satisfies(node, ours.engines.node)).toBe(true);
    const refusing = packages.filter(([, { engines }]) => !satisfies(node, engines?.node ?? '*'));
    expect(refusing.map(([path, { engines }]) => `${path} wants ${engines?.node}`)).toEqual([]);
  });

  test('no package may run a script while it is installed, and npm need not ask about any', () => {
    const scripts = packages
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(scripts).toContain('esbuild');
    expect(ours.allowScripts).toEqual(Object.fromEntries([...new Set(scripts)].map((name) => [name, false])));
  });
});

test('each package is pinned by hash; a bundled one comes with its parent', () => {
  const unheld = packages.filter(
    ([, { integrity, inBundle }]) => integrity === undefined && inBundle !== true,
  );
  expect(unheld.map(([path]) => path)).toEqual([]);
});

test('every version is pinned exactly', () => {
  const { dependencies, devDependencies, overrides } = ours;
  const versions = Object.entries({ ...dependencies, ...devDependencies, ...overrides });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
});

test('the version is in package.json, and everything that shows it reads it there', () => {
  const { stdout } = spawnSync('bin/noencap', ['--version'], { encoding: 'utf8' });
  expect(stdout).toBe(`${ours.version}\n`);
  expect(locked['']?.version).toBe(ours.version);
  const sources = readdirSync('.', { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(?!node_modules|\.|test|docs|dist)[^/]+\/.*\.(ts|cjs|sh)$/.test(file),
  );
  expect(sources).toContain('cli/main.ts');
  expect(sources.filter((file) => readFileSync(file, 'utf8').includes(`'${ours.version}'`))).toEqual([]);
});

test('CHANGELOG.md covers the current version, or what is not released yet', () => {
  const [first = ''] = readFileSync('CHANGELOG.md', 'utf8').match(/^## \[.*$/m) ?? [];
  expect([`## [Unreleased]`, `## [${ours.version}]`]).toContain(first.replace(/ - \d{4}-\d\d-\d\d$/, ''));
});
