import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { CARRIED } from '../../calico/releases.ts';
import { versions } from '../../cli/versions.ts';
import { readHostKeys } from '../../review/host-keys.ts';
import { DEFAULTS, FIRST_K3S, startFiles, topologyText } from '../../start/index.ts';
import { fabricOf } from '../fabric-of.ts';

const topology = topologyText(
  { ...DEFAULTS, name: 'home', sites: 2, repoURL: undefined },
  { calico: CARRIED.at(-1) ?? '', k3s: FIRST_K3S },
  'x',
);
const files = startFiles({
  topology,
  fabric: fabricOf(parse(topology)),
  repoURL: 'https://github.com/me/home.git',
  versions: versions(),
  carried: CARRIED,
  workflow: (file) => readFileSync(`.github/workflows/${file}`, 'utf8'),
});
const textOf = (path: string): string => {
  const text = files.get(path);
  if (text === undefined) throw new Error(`${path} is not there`);
  return text;
};

test('every file ends with one line break, and has no blank at the end of a line', () => {
  for (const [path, text] of files)
    expect([path, /[^\n]\n$/.test(text), /[ \t]$/m.test(text)]).toEqual([path, true, false]);
});

describe('package.json', () => {
  const ours = JSON.parse(readFileSync('package.json', 'utf8'));
  const { dependencies, devDependencies, scripts, name, ...rest } = JSON.parse(textOf('package.json'));

  test('pins noencap, and what its charts need at its own versions', () => {
    expect({ ...dependencies, ...devDependencies }).toEqual({
      noencap: ours.version,
      cdk8s: ours.dependencies.cdk8s,
      'cdk8s-plus-28': ours.dependencies['cdk8s-plus-28'],
      constructs: ours.dependencies.constructs,
      '@types/node': ours.devDependencies['@types/node'],
      typescript: ours.devDependencies.typescript,
    });
    expect(rest).toMatchObject({ private: true, type: 'module', engines: ours.engines });
  });

  test('has the name of no package in it, not even for a network called noencap', () => {
    expect(name).toBe('home-fabric');
    expect(Object.keys({ ...dependencies, ...devDependencies })).not.toContain(name);
  });

  test('has the scripts that README.md names', () => {
    const named = [...textOf('README.md').matchAll(/npm run (\w+)/g)].map(([, script = '']) => script);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
    expect(named).toEqual(expect.arrayContaining(['synth', 'check', 'lab']));
  });
});

describe('main.ts and the example of a chart', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'noencap-start-'));
    for (const path of ['main.ts', 'charts/network-facts.ts', 'package.json', 'tsconfig.json']) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), textOf(path));
    }
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    // What the package exports, from the sources.
    writeFileSync(
      join(folder, 'noencap.ts'),
      `import type { App } from 'cdk8s';
import type { Fabric } from '${resolve('fabric/index.ts')}';
export { ManifestChart } from '${resolve('charts/index.ts')}';
export type { Fabric };
export declare function clusterApp(fabric: Fabric): App;
`,
    );
    const config = { extends: './tsconfig.json', compilerOptions: { paths: { noencap: ['./noencap.ts'] } } };
    writeFileSync(
      join(folder, 'tsconfig.test.json'),
      JSON.stringify({ ...config, include: ['main.ts', 'charts'] }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const compile = (): string => {
    const { stdout } = spawnSync('node_modules/.bin/tsc', ['-p', join(folder, 'tsconfig.test.json')], {
      encoding: 'utf8',
    });
    // Of the package a user has only the types, and not these sources.
    return stdout
      .split('\n')
      .filter((line) => !line.startsWith('imports/'))
      .join('\n');
  };

  test('compile as they are, and with what is a comment there', () => {
    expect(compile()).toBe('');
    const used = textOf('main.ts').replace(/^(\s*)\/\/ /gm, '$1');
    expect(used).toMatch(/^import \{ NetworkFacts \}.*\n[\s\S]*^ {2}new NetworkFacts\(app, fabric\);$/m);
    writeFileSync(join(folder, 'main.ts'), used);
    expect(compile()).toBe('');
    writeFileSync(join(folder, 'main.ts'), used.replace('(app, fabric);\n  return', '(app, 7);\n  return'));
    expect(compile()).toContain('main.ts');
  });
});

describe('renovate.json', () => {
  const config = JSON.parse(textOf('renovate.json'));
  const own = JSON.parse(readFileSync('.github/renovate.json', 'utf8'));

  test("Renovate's own schema accepts it", () => {
    const schemaFile = '.cache/renovate/renovate-schema.json';
    if (!existsSync(schemaFile)) throw new Error("Renovate's schema is missing. Run: scripts/setup-tests.sh");
    const { $schema: _draft, ...schema } = JSON.parse(readFileSync(schemaFile, 'utf8'));
    const allows = new Ajv({ strict: false, logger: false }).compile(schema);
    expect({ is: allows(config), errors: allows.errors }).toEqual({ is: true, errors: null });
    expect(allows({ ...config, enabledManagers: 7 })).toBe(false);
  });

  test("finds Calico and K3s as noencap's own does, once each in a new topology", () => {
    const essence = (one: { customManagers: { description: string }[] }) =>
      one.customManagers.map(({ description: _, ...rest }) => rest);
    expect(essence(config)).toEqual(essence(own));
    const found = config.customManagers.flatMap(({ matchStrings }: { matchStrings: string[] }) =>
      matchStrings.flatMap((one) =>
        [...topology.matchAll(new RegExp(one, 'g'))].map(({ groups }) => groups?.currentValue),
      ),
    );
    expect(found).toEqual([CARRIED.at(-1), FIRST_K3S]);
  });

  test('proposes the versions of Calico that noencap carries, and no package but noencap', () => {
    const rules: {
      matchDepNames?: string[];
      matchPackageNames?: string[];
      allowedVersions?: string;
      enabled?: boolean;
    }[] = config.packageRules;
    const calico = rules.find(({ matchDepNames }) => matchDepNames?.includes('projectcalico/calico'));
    const allowed = new RegExp(calico?.allowedVersions?.replace(/^\/|\/$/g, '') ?? '');
    expect([...CARRIED, 'v3.26.1', 'v3.32.10', 'v3.33.0'].filter((one) => allowed.test(one))).toEqual(
      CARRIED,
    );
    expect(rules.filter(({ enabled }) => enabled === false)).toMatchObject([
      { matchPackageNames: ['!noencap'] },
    ]);
  });
});

test('known_hosts has no key, and no line that ssh would take for one', () => {
  expect(readHostKeys(textOf('known_hosts'))).toEqual({ lines: [], odd: [] });
});

test('README.md has the picture of the network, each machine once', () => {
  const [, picture = ''] = /```mermaid\n([\s\S]*?)```/.exec(textOf('README.md')) ?? [];
  for (const name of ['gateway-1', 'gateway-2', 'kube-1a', 'kube-1b', 'kube-2a', 'kube-2b'])
    expect(picture.split(`"${name}"`)).toHaveLength(2);
  expect(picture.match(/---/g)).toHaveLength(5);
});

test('CODEOWNERS has the owner on GitHub, or asks for one', () => {
  expect(textOf('.github/CODEOWNERS')).toMatch(/^\* {2}@me$/m);
});
