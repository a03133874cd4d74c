import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** The newest Calico that noencap supports; its CRDs have every field that the charts ever emit. */
const VERSION = 'v3.32.1';

/** The kinds that the charts use: a file of imports/ per API group. */
const GROUPS: Record<string, readonly string[]> = {
  'operator.tigera.io': ['installations', 'apiservers'],
  'crd.projectcalico.org': ['bgpconfigurations', 'bgppeers', 'bgpfilters'],
  'projectcalico.org': ['bgpconfigurations', 'bgppeers', 'bgpfilters'],
};

/** Generates imports/ from the CRDs with `cdk8s import`. Run by `npm run import`. */
export function generateImports(upstream: string, outputFolder: string): void {
  const work = mkdtempSync(join(tmpdir(), 'noencap-import-'));
  try {
    for (const [group, plurals] of Object.entries(GROUPS)) {
      const crds = plurals.map((plural) =>
        readFileSync(join(upstream, `calico-${VERSION}`, 'crds', `${plural}.${group}.yaml`), 'utf8'),
      );
      const file = join(work, 'crds.yaml');
      writeFileSync(file, crds.join('\n---\n'));
      const cdk8s = join(process.cwd(), 'node_modules', '.bin', 'cdk8s');
      execFileSync(
        cdk8s,
        ['import', basename(file), '--language', 'typescript', '--output', join(process.cwd(), outputFolder)],
        {
          cwd: work,
          stdio: ['ignore', 'ignore', 'inherit'],
          env: { ...process.env, CHECK_UPGRADE: 'false' },
        },
      );
      const generated = join(process.cwd(), outputFolder, `${group}.ts`);
      writeFileSync(generated, asModule(readFileSync(generated, 'utf8')));
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Types are imported as types, as everywhere in the project: esbuild and tsc then agree on what is left at run time. */
const asModule = (text: string): string =>
  text.replace(
    "import { ApiObject, ApiObjectMetadata, GroupVersionKind } from 'cdk8s';",
    "import { ApiObject, type ApiObjectMetadata, type GroupVersionKind } from 'cdk8s';",
  );

if (process.argv[1]?.endsWith('import.ts')) {
  const upstream = process.env.NOENCAP_UPSTREAM ?? '../shared/upstream';
  if (!existsSync(upstream)) {
    process.stderr.write(
      `No CRDs in ${upstream}. Set NOENCAP_UPSTREAM to a folder with calico-${VERSION}/crds.\n`,
    );
    process.exit(3);
  }
  generateImports(upstream, 'imports');
  process.stdout.write(`imports/: ${readdirSync('imports').join(', ')}\n`);
}
