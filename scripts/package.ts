import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { typeOfSchema } from './schema-type.ts';

/** The package as `npm publish` takes it. */
export const PACKAGE = '.cache/package';

/** Packages that users have too, for charts of their own: there must be one of each. */
const SHARED = ['cdk8s', 'cdk8s-plus-28', 'constructs'];

/** Modules of a clone, and what takes their place: a user has neither esbuild nor the sources. */
const REPLACED: Readonly<Record<string, string>> = {
  'cli/listr.ts': 'packaging/listr.ts',
  'repository/user-app.ts': 'packaging/user-app.ts',
  'repository/user-module.ts': 'packaging/user-module.ts',
};

const MAN = './docs/noencap.1';

/** What `init` and `upgrade` write into a user's repository. */
const WORKFLOWS = ['drift.yml', 'fork-comment.yml', 'pull-request.yml', 'routers.yml'];

/** What workflows and labs of a user's repository run. */
const SCRIPTS = [
  'accepted-commit.cjs',
  'last-delivery.cjs',
  'other-delivery.cjs',
  'setup-lab.sh',
  'workflow-runs.cjs',
];

/** Builds the package: the command line bundled, the library with its types, and the files that commands and messages name. */
export async function buildPackage(folder = PACKAGE): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const bundled = await Promise.all([
    bundle('cli/main.ts', { outfile: join(folder, 'lib/cli.cjs'), format: 'cjs' }),
    bundle('library.ts', { outfile: join(folder, 'lib/index.js'), banner: { js: REQUIRE } }),
    bundle('packaging/hooks.ts', { outfile: join(folder, 'lib/hooks.js'), banner: { js: REQUIRE } }),
  ]);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), thirdParty(bundled));
  writeFileSync(join(folder, 'topology.schema.json'), fromOutside(topologySchema()));
  writeTypes(join(folder, 'types'));
  for (const file of ['LICENSE', 'CHANGELOG.md', 'SECURITY.md']) copyFileSync(file, join(folder, file));
  copyFileSync('packaging/README.md', join(folder, 'README.md'));
  copyFileSync('packaging/noencap', join(folder, 'bin/noencap'));
  copyFileSync('bin/package.json', join(folder, 'bin/package.json'));
  mkdirSync(join(folder, 'scripts'));
  for (const name of SCRIPTS) copyFileSync(join('scripts', name), join(folder, 'scripts', name));
  mkdirSync(join(folder, '.github/workflows'), { recursive: true });
  for (const name of WORKFLOWS)
    copyFileSync(join('.github/workflows', name), join(folder, '.github/workflows', name));
  // The image for a lab where there is no Linux.
  cpSync('.devcontainer', join(folder, '.devcontainer'), { recursive: true });
  copyDocs(join(folder, 'docs'));
  for (const path of filesBelow(folder)) chmodSync(join(folder, path), isProgram(path) ? 0o755 : 0o644);
}

/** As `npm run schema` writes it; a test holds it against the schema itself. */
const topologySchema = (): string => readFileSync('topology.schema.json', 'utf8');

async function bundle(entry: string, options: BuildOptions): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Read as it is, without decoding.
    charset: 'ascii',
    loader: { '.sh': 'text' },
    define: { NOENCAP_PACKAGED: 'true' },
    external: SHARED,
    plugins: [inPlace],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
    ...options,
    metafile: true,
  });
  return metafile;
}

/** Bundled packages in CommonJS call it for Node.js' own modules. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

const isProgram = (path: string): boolean => path === 'bin/noencap' || path.endsWith('.sh');

/**
 * Of @kubernetes/client-node, noencap takes only KubeConfig: neither the classes that are generated from Kubernetes' API nor the
 * fetch of its own, of which KubeConfig names what Node.js has too. Both are 900 kB.
 */
const GENERATED_CLIENT = /\/@kubernetes\/client-node\/dist\/gen\/index\.js$/;
const OWN_FETCH = /^node-fetch$/;

/** Replaces modules, gives the command line no more of package.json than it shows, and loads only the API classes of cdk8s-plus. */
const inPlace: Plugin = {
  name: 'noencap',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const file = path.slice(process.cwd().length + 1);
      const source = REPLACED[file] ?? file;
      return {
        contents: fromOutside(readFileSync(source, 'utf8')),
        loader: 'ts',
        resolveDir: dirname(join(process.cwd(), source)),
      };
    });
    onLoad({ filter: /\/package\.json$/ }, ({ path }) =>
      path === join(process.cwd(), 'package.json')
        ? { contents: JSON.stringify(shownOfOurs()), loader: 'json' }
        : undefined,
    );
    onLoad({ filter: GENERATED_CLIENT }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
    onResolve({ filter: OWN_FETCH }, ({ importer }) =>
      importer.includes('/@kubernetes/client-node/') ? { path: 'fetch', namespace: 'noencap' } : undefined,
    );
    onLoad({ filter: /^fetch$/, namespace: 'noencap' }, () => ({
      contents: 'export const { Headers } = globalThis;',
      loader: 'js',
    }));
    onResolve({ filter: /^cdk8s-plus-28$/ }, () => ({ path: 'k8s', namespace: 'noencap' }));
    onLoad({ filter: /^k8s$/, namespace: 'noencap' }, () => ({
      contents: "export * as k8s from 'cdk8s-plus-28/lib/imports/k8s.js';",
      loader: 'js',
    }));
  },
};

/** Paths that messages name, as they are from the root of a repository that the package is installed in. */
const fromOutside = (source: string): string =>
  source
    .replace(/(?<![\w./}-])docs\/(?=[\w/${}-]+\.md\b)/g, 'node_modules/noencap/docs/')
    .replace(/(?<![\w./}-])scripts\/(?=[\w-]+\.sh\b)/g, 'sh node_modules/noencap/scripts/');

interface OurPackage {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const ours = (): OurPackage => JSON.parse(readFileSync('package.json', 'utf8'));

const picked = (all: Readonly<Record<string, string>>, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, all[name]]));

/** What the command line shows of itself, and writes into the package.json of a new repository. */
function shownOfOurs() {
  const { version, dependencies, devDependencies } = ours();
  return {
    version,
    dependencies: picked(dependencies, SHARED),
    devDependencies: picked(devDependencies, ['@types/node', 'typescript']),
  };
}

function manifest() {
  const { version, description, license, engines, dependencies } = ours();
  return {
    name: 'noencap',
    version,
    description,
    license,
    type: 'module',
    engines,
    bin: { noencap: 'bin/noencap' },
    exports: {
      '.': { types: './types/library.d.ts', default: './lib/index.js' },
      './topology.schema.json': './topology.schema.json',
      './package.json': './package.json',
    },
    ...(existsSync(MAN) ? { man: MAN } : {}),
    dependencies: picked(dependencies, SHARED),
  };
}

/** The licence of each package whose code is in the bundle. */
function thirdParty(bundled: readonly Metafile[]): string {
  const folders = bundled
    .flatMap(({ outputs }) => Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)))
    .flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^licen[cs]e(\.|$)/i.test(one));
    const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    return `${name} ${version} (${license})\n${text}`;
  });
  return ['These packages are part of the bundle in lib/.\n', ...texts].join(`\n${'-'.repeat(80)}\n`);
}

/** The declarations that library.ts reaches. The topology's is made from its JSON Schema: that of its parser needs the parser's types. */
function writeTypes(folder: string): void {
  const all = `${folder}.all`;
  const config = `${folder}.json`;
  try {
    writeFileSync(config, JSON.stringify(declarations(resolve(all))));
    const { status, stdout } = spawnSync(process.execPath, [TSC, '-p', config], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stdout);
    const schema = `/** A topology as it is written: what has a default may be left out. */\nexport type TopologyInput = ${typeOfSchema(JSON.parse(topologySchema()))};\n`;
    writeFileSync(join(all, 'topology/schema.d.ts'), schema);
    const left = ['library.d.ts'];
    for (let file = left.pop(); file !== undefined; file = left.pop()) {
      if (filesBelow(folder).includes(file)) continue;
      const text = readFileSync(join(all, file), 'utf8');
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text.replace(/(from '\.[^']*)\.ts'/g, "$1.js'"));
      for (const [, path = ''] of text.matchAll(/from '(\.[^']*)\.ts'/g)) {
        left.push(`${normalize(join(dirname(file), path))}.d.ts`);
      }
    }
  } finally {
    rmSync(config, { force: true });
    rmSync(all, { recursive: true, force: true });
  }
}

const TSC = 'node_modules/typescript/bin/tsc';

const declarations = (outDir: string) => ({
  extends: resolve('tsconfig.json'),
  compilerOptions: {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: resolve('.'),
    outDir,
    types: ['node'],
    typeRoots: [resolve('node_modules/@types')],
  },
  include: [],
  files: [resolve('library.ts')],
});

/** Pages that messages and findings name. */
function copyDocs(folder: string): void {
  cpSync('docs', folder, {
    recursive: true,
    filter: (path) => !/^docs\/(decisions|dependencies\.md)/.test(path),
  });
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(normalize(folder).length + 1))
      .sort();
  } catch {
    return [];
  }
}

if (process.argv[1]?.endsWith('package.ts')) void buildPackage(process.argv[2]);
