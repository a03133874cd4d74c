import { readFileSync } from 'node:fs';

const { satisfies } = jest.requireActual<{ satisfies(version: string, range: string): boolean }>('semver');

interface Locked {
  readonly version: string;
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

describe('`npm ci` says nothing but what it installed', () => {
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

test('every version is pinned exactly', () => {
  const { dependencies, devDependencies, overrides } = ours;
  const versions = Object.entries({ ...dependencies, ...devDependencies, ...overrides });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
});

test('each package that package.json names has a reason in docs/dependencies.md, and no other has', () => {
  const page = readFileSync('docs/dependencies.md', 'utf8');
  const rows = page.match(/^\| [^|]+\|/gm)?.flatMap((row) => row.match(/[@\w][\w./@-]*/g) ?? []) ?? [];
  const named = { ...ours.dependencies, ...ours.devDependencies };
  expect(rows.filter((name) => name !== 'package').sort()).toEqual(Object.keys(named).sort());
});
