import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { render } from '../repository/render.ts';
import { fabricOf } from '../test/fabric-of.ts';
import { type DyffCase, dyffCases } from '../test/review/dyff-cases.ts';
import type { TopologyInput } from '../topology/index.ts';

/**
 * Records what dyff (https://github.com/homeport/dyff) sees in changes of a cluster, for test/review/dyff.test.ts: `npm run dyff`
 * renders both sides of every case again and lets dyff compare them. Only this needs dyff; the tests read its results.
 */
function dyff(): void {
  const program = process.env.DYFF ?? 'dyff';
  const version = versionOf(program);
  if (version === undefined) {
    process.stderr.write(
      `${program} does not run. Install dyff, or say with DYFF where it is:\n\n    go install github.com/homeport/dyff/cmd/dyff@v1.12.0\n`,
    );
    process.exitCode = 3;
    return;
  }
  mkdirSync(FOLDER, { recursive: true });
  const names = new Set(dyffCases.map(({ name }) => name));
  for (const file of readdirSync(FOLDER)) {
    if (!names.has(file.replace(/\..*$/, ''))) rmSync(join(FOLDER, file));
  }
  for (const one of dyffCases) record(program, version, one);
  process.stdout.write(`${dyffCases.length} cases recorded in ${FOLDER}\n`);
}

const FOLDER = join('test', 'review', 'dyff');

/**
 * dyff's defaults, in a form that can be parsed and is the same on every machine; but a string stays a string, even
 * if it contains JSON.
 */
const FLAGS = [
  '--color=off',
  '--fixed-width=1000',
  '--output=github',
  '--use-go-patch-style',
  '--use-indent-lines=false',
  '--format-strings=false',
];

/** A program from `go install` reports the version `(development)`; the Go toolchain also embeds the real one in every program. */
function versionOf(program: string): string | undefined {
  const { error, stdout } = spawnSync(program, ['version'], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  const said = stdout.trim().replace(/^dyff version /, '');
  if (said !== '(development)') return said;
  const where = spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim();
  return /\tgithub\.com\/homeport\/dyff\t(v[\w.-]+)/.exec(readFileSync(where, 'latin1'))?.[1] ?? said;
}

function record(program: string, version: string, { name, between }: DyffCase): void {
  const paths = ['before', 'after'].map((side) => join(FOLDER, `${name}.${side}.yaml`));
  const sides = between === undefined ? undefined : inputs(between);
  for (const [index, text] of (sides ?? []).entries()) writeFileSync(paths[index] ?? '', text);
  const { error, status, stdout, stderr } = spawnSync(program, ['between', ...FLAGS, ...paths], {
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0) throw new Error(`dyff of ${name}: ${error?.message ?? stderr}`);
  const sums = paths.map(
    (path) => `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${path}\n`,
  );
  const head = `dyff ${version} between ${FLAGS.join(' ')}\n${sums.join('')}`;
  writeFileSync(join(FOLDER, `${name}.diff`), `${head}${stdout.trimEnd()}\n`);
}

/** How many documents that are equal on both sides are kept, as cases without a difference. */
const KEPT = 2;

/** Both sides, each as one file: all documents that differ, and a few that do not. */
function inputs([before, after]: readonly [TopologyInput, TopologyInput]): [string, string] {
  const [were, are] = [documents(before), documents(after)];
  const same = new Set(were.filter((one) => are.includes(one)).slice(KEPT));
  const file = (texts: readonly string[]) => texts.filter((one) => !same.has(one)).join('---\n');
  return [file(were), file(are)];
}

/** dyff compares by position if a document has no name: a kustomization.yaml gets the name of its file, as in a review. */
const documents = (topology: TopologyInput): string[] =>
  [...render(fabricOf(topology), undefined).files]
    .filter(([path]) => /^(cluster|gitops)\//.test(path))
    .flatMap(([path, text]) =>
      text
        .replace(/^#.*\n/gm, '')
        .replace(/^kind: Kustomization$/m, `$&\nmetadata:\n  name: ${path}`)
        .split(/^---\n/m),
    );

dyff();
