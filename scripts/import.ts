import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ENGINE_GROUPS, engineCrd } from './engine-crds.ts';
import { upstreamFolder } from './upstream.ts';

/**
 * The kinds that the charts use: a file of imports/ per API group, from the CRDs of the Calico that have every field
 * that the charts ever emit. v3.31.7 came out after v3.32.1, and its Installation knows one more: cni.specVersion.
 */
const GROUPS: Record<string, { readonly version: string; readonly plurals: readonly string[] }> = {
  'operator.tigera.io': { version: 'v3.31.7', plurals: ['installations', 'apiservers'] },
  'crd.projectcalico.org': { version: 'v3.32.1', plurals: ['bgpconfigurations', 'bgppeers', 'bgpfilters'] },
  'projectcalico.org': { version: 'v3.32.1', plurals: ['bgpconfigurations', 'bgppeers', 'bgpfilters'] },
};

/** Generates imports/ from the CRDs with `cdk8s import`. Run by `npm run import`. */
export function generateImports(upstream: string, outputFolder: string): void {
  for (const [group, { version, plurals }] of Object.entries(GROUPS)) {
    const crds = plurals.map((plural) =>
      readFileSync(join(upstream, `calico-${version}`, 'crds', `${plural}.${group}.yaml`), 'utf8'),
    );
    generate(group, crds, outputFolder);
  }
}

/** The same for the kinds of Argo CD and Flux, which need no upstream: npm carries their models. */
export function generateEngineImports(outputFolder: string): void {
  for (const [group, kinds] of Object.entries(ENGINE_GROUPS)) {
    generate(
      group,
      kinds.map((kind) => stringify(engineCrd(group, kind))),
      outputFolder,
    );
  }
}

function generate(group: string, crds: readonly string[], outputFolder: string): void {
  const work = mkdtempSync(join(tmpdir(), 'noencap-import-'));
  try {
    const file = join(work, 'crds.yaml');
    writeFileSync(file, crds.join('\n---\n'));
    const cdk8s = join(process.cwd(), 'node_modules', '.bin', 'cdk8s');
    execFileSync(
      cdk8s,
      ['import', basename(file), '--language', 'typescript', '--output', resolve(outputFolder)],
      {
        cwd: work,
        // What it says on the way counts only when it fails: it is then a part of the error.
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' },
      },
    );
    const generated = join(resolve(outputFolder), `${group}.ts`);
    writeFileSync(generated, asModule(readFileSync(generated, 'utf8')));
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
  const upstream = upstreamFolder();
  if (upstream === undefined) {
    process.stderr.write("There are no CRDs to import from. Run 'npm run upstream' first.\n");
    process.exit(3);
  }
  generateImports(upstream, 'imports');
  generateEngineImports('imports');
  process.stdout.write(`imports/: ${readdirSync('imports').join(', ')}\n`);
}
