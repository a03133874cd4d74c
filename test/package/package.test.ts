import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { documentIn, gitIn, noencap, type Run, scratch, tree } from '../cli/run.ts';
import { buildInto, install, packed, spawn, succeeds, userEnv } from './packed.ts';

let work: string;
/** What is published. */
let built: string;
/** A repository of a user's. */
let home: string;

beforeAll(() => {
  work = scratch();
  built = join(work, 'package');
  home = join(work, 'home');
  buildInto(built);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{"private": true, "type": "module"}\n');
  install(home, packed(built, work));
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The installed command, in the user's repository. */
const installed = (...args: string[]): Run => {
  const run = spawn(join(home, 'node_modules/.bin/noencap'), args, home);
  if (args.includes('--json') && run.stdout !== '') documentIn(run.stdout);
  return run;
};

const write = (file: string, text: string): void => writeFileSync(join(home, file), text);

/** Every file that the package has, with its text. */
const files = (folder = built): [path: string, text: string][] => Object.entries(tree(folder));

describe('what is published', () => {
  test('is the same for the same sources', () => {
    const again = join(work, 'again');
    buildInto(again);
    expect(tree(again)).toEqual(tree(built));
    const sum = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
    const first = sum(packed(built, work));
    expect(sum(packed(again, work))).toBe(first);
  });

  test('has what its package.json names, and lists each package that its code needs', () => {
    const own = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8'));
    const ours = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(own).toMatchObject({ name: 'noencap', version: ours.version, type: 'module' });
    expect(own.scripts).toBeUndefined();
    const named = [own.bin.noencap, ...Object.values(own.exports).flatMap((one) => pathsIn(one))];
    expect(named.filter((path) => !existsSync(join(built, path)))).toEqual([]);
    const typed = files().filter(([path]) => path.startsWith('types/'));
    const needed = [
      ...['cli.cjs', 'hooks.js', 'index.js'].flatMap(imports),
      ...typed.flatMap(([, text]) => namesIn(text)),
    ];
    const packages = needed.filter((name) => !isBuiltin(name)).map((name) => name.split('/')[0]);
    expect([...new Set(packages)].sort()).toEqual(Object.keys(own.dependencies).sort());
    for (const [name, version] of Object.entries(own.dependencies))
      expect({ name, version }).toEqual({ name, version: ours.dependencies[name] });
  });

  const pathsIn = (one: unknown): string[] =>
    typeof one === 'string' ? [one] : Object.values(one as object).flatMap(pathsIn);

  /** What a file of lib/ imports or requires, as a parser sees it. */
  const imports = (name: string): string[] => {
    const metafile = join(work, 'imports.json');
    const options = [
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--packages=external',
      `--metafile=${metafile}`,
    ];
    succeeds(
      spawn(
        'node_modules/.bin/esbuild',
        [join(built, 'lib', name), ...options, `--outfile=${join(work, name)}`],
        '.',
      ),
    );
    const { outputs } = JSON.parse(readFileSync(metafile, 'utf8')) as {
      outputs: Record<string, { imports: { path: string; external?: true }[] }>;
    };
    return Object.values(outputs).flatMap((one) =>
      one.imports.flatMap(({ path, external }) => (external ? [path] : [])),
    );
  };

  const namesIn = (text: string): string[] =>
    [...text.matchAll(/\bfrom '([^'.][^']*)'/g)].map(([, name = '']) => name);

  test('names no folder of the machine that built it, no test, and nothing that only a clone has', () => {
    const here = [resolve('.'), work, 'esbuild', 'fast-check', '@swc/core', '.test.ts', 'package-lock.json'];
    const code = files().filter(([path]) => !/^(docs\/|\.devcontainer\/|CHANGELOG|THIRD-PARTY)/.test(path));
    const found = code.flatMap(([path, text]) =>
      here
        .filter((name) => new RegExp(`(?<![\\w-])${escaped(name)}(?![\\w-])`).test(text))
        .map((name) => `${path}: ${name}`),
    );
    expect(found).toEqual([]);
    const odd = files().filter(([path]) =>
      /(^|\/)(test|node_modules|\.(?!github\/|devcontainer\/))/.test(path),
    );
    expect(odd.map(([path]) => path)).toEqual([]);
  });

  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

  test('has the pages, scripts and workflows that its messages and a repository with it name', () => {
    const code = readFileSync(join(built, 'lib/cli.cjs'), 'utf8');
    const [pages, scripts] = [
      /[\w./-]*docs\/[\w/-]+\.md\b/g,
      /(?<![\w./}-])[\w./-]*scripts\/[\w-]+\.sh\b/g,
    ].map((path) => [...new Set(code.match(path))]);
    expect(pages?.length).toBeGreaterThan(5);
    expect(scripts).toEqual(['node_modules/noencap/scripts/setup-lab.sh']);
    const named = [...(pages ?? []), ...(scripts ?? []), 'node_modules/noencap/docs/checks/NE203.md'];
    const there = (path: string) => existsSync(join(home, path));
    expect(named.filter((path) => !path.startsWith('node_modules/noencap/') || !there(path))).toEqual([]);
    for (const name of ['drift.yml', 'fork-comment.yml', 'pull-request.yml', 'routers.yml']) {
      const text = readFileSync(join(built, '.github/workflows', name), 'utf8');
      for (const [path] of text.matchAll(/\bscripts\/[\w-]+\.\w+/g))
        expect(there(`node_modules/noencap/${path}`)).toBe(true);
    }
  });

  test('has the licence of each package that is bundled', () => {
    const text = readFileSync(join(built, 'THIRD-PARTY.txt'), 'utf8');
    for (const name of ['commander', 'sucrase', 'yaml', 'zod', 'age-encryption', '@octokit/core'])
      expect(text).toMatch(
        new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|ISC|BSD-3-Clause|Apache-2.0)\\)$`, 'm'),
      );
    expect(text).not.toContain('undefined');
  });

  test('installs three packages besides itself, and runs no script of theirs', () => {
    const lock = JSON.parse(readFileSync(join(home, 'package-lock.json'), 'utf8'));
    const names = Object.keys(lock.packages).map((path) => path.replace(/^node_modules\//, ''));
    expect(names.filter((name) => name !== '' && !name.includes('node_modules/')).sort()).toEqual([
      'cdk8s',
      'cdk8s-plus-28',
      'constructs',
      'noencap',
    ]);
    const scripts = Object.values(lock.packages).filter(
      (one) => (one as { hasInstallScript?: true }).hasInstallScript,
    );
    expect(scripts).toEqual([]);
  });
});

const MAIN = `import type { App } from 'cdk8s';
import { clusterApp, type Fabric } from 'noencap';
import { Hello } from './charts/hello.ts';

export default function app(fabric: Fabric): App {
  const app = clusterApp(fabric);
  new Hello(app, fabric);
  return app;
}
`;

const HELLO = `import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { type Fabric, ManifestChart } from 'noencap';

interface Greeting {
  readonly text: string;
}

export class Hello extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric) {
    super(scope, 'cluster/30-bgp/hello.yaml');
    const greeting: Greeting = { text: \`hello, \${fabric.name}\` };
    new k8s.KubeConfigMap(this, 'greeting', {
      metadata: { name: 'greeting', namespace: 'greetings' },
      data: { ...greeting },
    });
  }
}
`;

/** In this order: each begins where the one before has ended. */
describe('in an empty folder', () => {
  test('init writes a topology, which check finds well and synth renders', () => {
    expect(installed('--version').stdout).toBe(
      `${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`,
    );
    expect(installed('init')).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(home, 'topology.yaml'), 'utf8')).toMatch(/^version: 1$/m);
    expect(installed('check', '--json')).toMatchObject({ code: 0, stderr: '' });
    expect(installed('synth')).toMatchObject({ code: 0, stderr: '' });
    expect(installed('synth', '--check')).toMatchObject({ code: 0, stderr: '' });
  });

  test.each(['topology.yaml', 'full.yaml'])('%s renders as it does from a clone', (name) => {
    cpSync('test/cli/full-topology.yaml', join(home, 'full.yaml'));
    expect(installed('synth', '-t', name, '-o', 'ours')).toMatchObject({ code: 0 });
    expect(noencap(home, ['synth', '-t', name, '-o', 'theirs'])).toMatchObject({ code: 0 });
    expect(tree(join(home, 'ours'))).toEqual(tree(join(home, 'theirs')));
    for (const folder of ['ours', 'theirs', 'full.yaml']) rmSync(join(home, folder), { recursive: true });
  });

  test('a chart of its own is rendered, and the engine may apply it', () => {
    mkdirSync(join(home, 'charts'));
    write('charts/hello.ts', HELLO);
    write('main.ts', MAIN);
    expect(installed('synth', '--check')).toMatchObject({ code: 1 });
    expect(installed('synth')).toMatchObject({ code: 0, stderr: '' });
    const dist = tree(join(home, 'dist'));
    expect(dist['cluster/30-bgp/hello.yaml']).toContain('\n  text: hello, home\n');
    expect(dist['cluster/30-bgp/kustomization.yaml']).toContain('  - hello.yaml\n');
    expect(dist['gitops/argocd/project.yaml']).toContain('    - namespace: greetings\n');
    expect(dist['gitops/argocd/project.yaml']).toContain('      kind: ConfigMap\n');
    // With what V8 has compiled meanwhile, too.
    expect(installed('synth', '--check')).toMatchObject({ code: 0, stderr: '' });
  });

  test('the compiler knows its types, and a topology in TypeScript', () => {
    write(
      'typed.ts',
      `import { defineTopology } from 'noencap';\nexport default defineTopology(${JSON.stringify(TYPED)});\n`,
    );
    write('tsconfig.json', JSON.stringify(TSCONFIG));
    const tsc = (...more: string[]): Run =>
      spawn(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', '.', ...more], home);
    expect(tsc()).toEqual({ code: 0, stdout: '', stderr: '' });
    // The package's own declarations; those of cdk8s-plus do not hold for optional properties taken exactly.
    expect(tsc('--skipLibCheck', 'false', '--exactOptionalPropertyTypes', 'false')).toMatchObject({
      code: 0,
      stdout: '',
    });
    expect(installed('check', '-t', 'typed.ts')).toMatchObject({ code: 0, stderr: '' });
    write('charts/hello.ts', HELLO.replace('fabric.name}', 'fabric.nam}'));
    expect(tsc().stdout).toContain("Property 'nam' does not exist on type 'Fabric'");
    write('charts/hello.ts', HELLO);
    write('typed.ts', readFileSync(join(home, 'typed.ts'), 'utf8').replace('"argocd"', '"argo"'));
    expect(tsc().stdout).toContain('Type \'"argo"\' is not assignable to type');
    rmSync(join(home, 'typed.ts'));
  });

  test.each([
    ['a syntax error', 'return app;', 'return = app;', 2, /^main\.ts:8(:10)? {2}\S/],
    [
      'a name declared twice',
      'return app;',
      'let a = 1; let a = 2;',
      2,
      /^main\.ts:8:18 {2}Identifier 'a' has/,
    ],
    [
      'a file that is not there',
      './charts/hello.ts',
      './charts/hello',
      2,
      /^main\.ts:3:24 {2}there is no file/,
    ],
    [
      'an export that is not there',
      'type Fabric',
      'Fabric',
      2,
      /^main\.ts:2:\d+ {2}.*import it with the word type/,
    ],
    ['no default export', 'export default ', '', 2, /^main\.ts {2}its default export is no function/],
    [
      'something else than an app',
      'return app;',
      'return 3 as never;',
      2,
      /^main\.ts {2}its default export returns/,
    ],
    [
      'an error',
      'return app;',
      "throw new Error('odd');",
      1,
      /^main\.ts:8 {2}Error: odd\.\n {2}at app \(main\.ts:8:/,
    ],
    [
      'an error while it loads',
      'import { Hello',
      "JSON.parse('{');\nimport { Hello",
      1,
      /^main\.ts:3 {2}SyntaxError/,
    ],
  ])('%s in main.ts is shown with its place, and the old dist stays', (_, from, to, code, message) => {
    const before = tree(join(home, 'dist'));
    write('main.ts', MAIN.replace(from, to));
    const run = installed('synth');
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(run.stderr).not.toContain(home);
    const { faults } = documentIn(installed('synth', '--json').stdout);
    expect(faults).toMatchObject([{ code: 'app', place: { file: 'main.ts' } }]);
    write('main.ts', MAIN);
    expect(tree(join(home, 'dist'))).toEqual(before);
  });

  test('an error in a chart is shown at its line there; main.ts gets none of the secrets', () => {
    write(
      'charts/hello.ts',
      HELLO.replace(
        'const greeting',
        'null as never;\n    void (null as unknown as { x: 1 }).x;\n    const greeting',
      ),
    );
    expect(installed('synth').stderr).toMatch(/^charts\/hello\.ts:13 {2}TypeError: /);
    write('charts/hello.ts', HELLO.replace('hello.yaml', '../hello.yaml'));
    expect(installed('synth')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^charts\/hello\.ts:11 {2}Error: .* is not in any layer/),
    });
    write('charts/hello.ts', HELLO);
    write(
      'main.ts',
      `console.log(process.env.NOENCAP_AGE_KEY ?? 'no key', process.env.GITHUB_TOKEN ?? 'no token');\n${MAIN}`,
    );
    const run = spawnSync(join(home, 'node_modules/.bin/noencap'), ['synth', '--check'], {
      cwd: home,
      encoding: 'utf8',
      env: { ...userEnv(), NOENCAP_AGE_KEY: 'of-the-environment', GITHUB_TOKEN: 'of-the-environment' },
    });
    expect(run).toMatchObject({ status: 0, stderr: 'no key no token\n' });
    write('main.ts', MAIN);
  });

  test('a chart has the cdk8s that noencap has, whatever is nearer', () => {
    const other = join(home, 'charts/node_modules/cdk8s-plus-28');
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, 'index.js'), "throw new Error('another one');\n");
    expect(installed('synth', '--check')).toMatchObject({ code: 0, stderr: '' });
    write('charts/hello.ts', HELLO.replace("'cdk8s-plus-28'", "'cdk8s-plus-27'"));
    expect(installed('synth', '--check').stderr).toMatch(
      /^charts\/hello\.ts:1:22 {2}"cdk8s-plus-27" cannot be imported/,
    );
    write('charts/hello.ts', HELLO);
    rmSync(join(home, 'charts/node_modules'), { recursive: true });
  });

  test('every command of a day works', () => {
    gitIn(home, 'init', '-q', '-b', 'main');
    write('.gitignore', 'node_modules/\n.cache/\n');
    gitIn(home, 'add', '.');
    gitIn(home, 'commit', '-qm', 'a');
    for (const args of [
      ['explain', 'kube-1', 'kube-2'],
      ['path', 'kube-1', 'kube-2'],
      ['check', '--failures', '1'],
      ['diff', '--base', 'HEAD'],
      ['lab', '--help'],
      ['ship', '--plan', '--base', 'none'],
      ['bootstrap'],
      ['cdk8s'],
    ]) {
      expect({ args, ...installed(...args) }).toMatchObject({ args, code: 0, stderr: '' });
    }
    const { CDK8S_OUTDIR: _, ...env } = userEnv();
    const outdir = join(home, '.cache/cdk8s');
    spawnSync(join(home, 'node_modules/.bin/noencap'), ['cdk8s'], {
      cwd: home,
      env: { ...env, CDK8S_OUTDIR: outdir },
    });
    expect(tree(join(outdir, 'cluster'))).toEqual(tree(join(home, 'dist/cluster')));
    const network = resolve('test/adopt/networks/one-region');
    const routers = readdirSync(join(network, 'routers')).flatMap((name) => [
      '--router',
      `${name}=${join(network, 'routers', name)}`,
    ]);
    const adopted = installed(
      'adopt',
      '--cluster',
      join(network, 'cluster.yaml'),
      ...routers,
      '--known',
      join(network, 'known.yaml'),
      '--json',
    );
    expect([0, 1]).toContain(adopted.code);
    expect(documentIn(adopted.stdout)).toMatchObject({
      command: 'adopt',
      topology: expect.stringContaining('version: 1'),
    });
    expect(installed('synth', '--check')).toMatchObject({ code: 0, stderr: '' });
  });

  test('what V8 has compiled costs time and nothing else where it is damaged, of another bundle, or cannot be kept', () => {
    const cache = join(home, 'node_modules/.cache/noencap');
    const file = join(cache, `cli.${process.version}.v8`);
    const works = () => expect(installed('synth', '--check')).toMatchObject({ code: 0, stderr: '' });
    const head = () => readFileSync(file, 'latin1').split('\n')[0] ?? '';
    works();
    const { of, commands } = JSON.parse(head());
    expect(commands).toContain('synth');
    writeFileSync(file, `${JSON.stringify({ of: of.replace(/\d+$/, '1'), commands })}\nelse`);
    works();
    expect(JSON.parse(head())).toEqual({ of, commands: ['synth'] });
    writeFileSync(file, '{');
    works();
    rmSync(cache, { recursive: true });
    writeFileSync(cache, 'a file where the folder should be');
    works();
    expect(readFileSync(cache, 'utf8')).toBe('a file where the folder should be');
    rmSync(cache);
  });

  test('a review of a chart that main.ts changes needs no code of the base', () => {
    write('charts/hello.ts', HELLO.replace('hello, ', 'goodbye, '));
    const { stdout, code } = installed('diff', '--base', 'HEAD', '--json');
    expect(code).toBe(0);
    const review = JSON.parse(stdout);
    expect(
      review.objects.map((one: { id: { kind: string; name: string } }) => `${one.id.kind} ${one.id.name}`),
    ).toEqual(['ConfigMap greeting']);
    write('charts/hello.ts', HELLO);
  });
});

test('a topology in TypeScript is run as it was in the base, with what it imports', () => {
  const typed = JSON.stringify({ ...TYPED, bgp: { holdTime: 0 } }).replace('"holdTime":0', 'holdTime');
  write('hold.ts', 'export const holdTime: number = 15;\n');
  write(
    'topology.ts',
    `import { defineTopology } from 'noencap';\nimport { holdTime } from './hold.ts';\nexport default defineTopology(${typed});\n`,
  );
  expect(installed('synth', '-t', 'topology.ts', '-o', 'typed')).toMatchObject({ code: 0, stderr: '' });
  gitIn(home, 'add', '.');
  gitIn(home, 'commit', '-qm', 'b');
  write('hold.ts', 'export const holdTime: number = 20;\n');
  const { stdout } = installed('diff', '-t', 'topology.ts', '-o', 'typed', '--base', 'HEAD', '--json');
  const { fabric } = JSON.parse(stdout) as { fabric: { details: string[] }[] };
  expect(fabric.flatMap(({ details }) => details)).toEqual(['hold time 15 s -> 20 s']);
  write('hold.ts', 'export const holdTime: number = ;\n');
  const { code, stderr } = installed('check', '-t', 'topology.ts');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^topology\.ts {2}cannot be read \(hold\.ts, line 1: /);
  for (const file of ['hold.ts', 'topology.ts', 'typed']) rmSync(join(home, file), { recursive: true });
});

const TYPED = {
  version: 1,
  name: 'typed',
  pods: { cidrs: ['10.42.0.0/16'] },
  services: { cidrs: ['10.43.0.0/16'] },
  calico: { version: 'v3.32.1' },
  k3s: { version: 'v1.34.5+k3s1' },
  gitops: { engine: 'argocd', repoURL: 'https://github.com/example/typed.git' },
  regions: { home: { router: 'gateway' } },
  routers: { gateway: { routerId: '192.168.1.1', nodeAddress: '192.168.1.1' } },
  nodes: { 'kube-1': { region: 'home', role: 'server', address: '192.168.1.11' } },
};

/** That of a user: strict, as Node.js runs it. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    types: [],
  },
  include: ['*.ts', 'charts'],
};

test("the package's type of a topology is what the schema reads", () => {
  const file = join(work, 'same.ts');
  writeFileSync(
    file,
    `import type { TopologyInput as Read } from ${JSON.stringify(resolve('topology/schema.ts'))};
import type { TopologyInput as Typed } from ${JSON.stringify(join(built, 'types/topology/schema.js'))};
export const typed = (value: Read): Typed => value;
export const read = (value: Typed): Read => value;
`,
  );
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    '--allowImportingTsExtensions',
  ];
  const more = ['--module', 'nodenext', '--target', 'es2023', '--types', '', '--ignoreConfig'];
  const tsc = spawn(process.execPath, ['node_modules/typescript/bin/tsc', ...options, ...more, file], '.');
  expect(tsc).toEqual({ code: 0, stdout: '', stderr: '' });
});
