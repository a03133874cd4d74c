import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import { type Crd, engineCrds } from './engine-crds.ts';
import { CALICO_KINDS, ENGINE_KINDS, type Fields, pruned } from './imported-fields.ts';
import { upstreamFolder } from './upstream.ts';

/**
 * The Calico that each group's CRDs come from: the one with every field that the charts can emit. v3.31.7 came out after
 * v3.32.1, and its Installation knows one more: cni.specVersion.
 */
const VERSIONS: Readonly<Record<string, string>> = {
  'operator.tigera.io': 'v3.31.7',
  'projectcalico.org': 'v3.32.1',
};

/** Generates imports/ from the CRDs with `cdk8s import`. Run by `npm run import`. */
export function generateImports(upstream: string, outputFolder: string): void {
  for (const [group, kinds] of Object.entries(CALICO_KINDS)) {
    const folder = join(upstream, `calico-${VERSIONS[group]}`, 'crds');
    const read = (name: string): Crd => parse(readFileSync(join(folder, `${name}.yaml`), 'utf8'));
    const crds = kinds.map(({ plural, fields }) => {
      const crd = prunedCrd(read(`${plural}.${group}`), fields);
      if (group === 'projectcalico.org') {
        const stored = prunedCrd(read(`${plural}.crd.${group}`), fields);
        // Both groups share the types: what the charts set must be the same in both.
        if (!isDeepStrictEqual(specOf(crd), specOf(stored))) {
          throw new Error(`the fields of ${plural} are not the same in ${group} and crd.${group}`);
        }
      }
      return crd;
    });
    generate(group, crds, outputFolder);
  }
}

/** The same for the kinds of Argo CD, Flux and the Prometheus Operator, which do not need upstream's files. */
export function generateEngineImports(outputFolder: string): void {
  const known = engineCrds();
  for (const [group, kinds] of Object.entries(ENGINE_KINDS)) {
    const crds = kinds.map(({ plural, fields }) => {
      const crd = known.find(({ metadata }) => metadata.name === `${plural}.${group}`);
      if (crd === undefined) throw new Error(`no CRD of ${plural} in ${group}`);
      return prunedCrd(crd, fields);
    });
    generate(group, crds, outputFolder);
  }
}

const specOf = ({ spec: { versions } }: Crd) => versions[0]?.schema.openAPIV3Schema.properties?.spec;

/** Without its status, and with only these fields in its spec. */
function prunedCrd({ spec, ...crd }: Crd, fields: Fields): Crd {
  const versions = spec.versions.map((version) => {
    const { openAPIV3Schema: whole } = version.schema;
    const below = whole.properties?.spec;
    if (below === undefined) throw new Error(`${spec.names.plural}.${spec.group} has no spec`);
    return {
      ...version,
      schema: { openAPIV3Schema: { ...whole, properties: { spec: pruned(below, fields) } } },
    };
  });
  return { ...crd, spec: { ...spec, versions } };
}

function generate(group: string, crds: readonly Crd[], outputFolder: string): void {
  const work = mkdtempSync(join(tmpdir(), 'noencap-import-'));
  try {
    const file = join(work, 'crds.yaml');
    writeFileSync(file, crds.map((crd) => stringify(crd)).join('---\n'));
    const cdk8s = join(process.cwd(), 'node_modules', '.bin', 'cdk8s');
    execFileSync(
      cdk8s,
      ['import', basename(file), '--language', 'typescript', '--output', resolve(outputFolder)],
      {
        cwd: work,
        // Its output matters only if it fails: it is then part of the error.
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' },
      },
    );
    const generated = join(resolve(outputFolder), `${group}.ts`);
    writeFileSync(generated, asModule(group, readFileSync(generated, 'utf8')));
  } finally {
    rmSync(work, { recursive: true });
  }
}

function asModule(group: string, generated: string): string {
  const text = generated
    // Types are imported as types, as everywhere in the project: esbuild and tsc then agree on what is left at run time.
    .replace(
      "import { ApiObject, ApiObjectMetadata, GroupVersionKind } from 'cdk8s';",
      "import { ApiObject, type ApiObjectMetadata, type GroupVersionKind } from 'cdk8s';",
    )
    // Any object is assignable to an interface without fields.
    .replace(/^export interface (\w+) {\n}$/gm, 'export type $1 = Record<string, never>;');
  return withoutSilentLoss(group === 'projectcalico.org' ? withStoredKinds(text) : text);
}

/**
 * cdk8s silently drops a field that a class does not know, and TypeScript does not notice one that comes from a spread or
 * a JSON patch. So each function that writes fields refuses others; one that writes `metadata` and `spec` also allows the type and kind.
 */
function withoutSilentLoss(text: string): string {
  const strict = text.replace(
    /^(export function toJson_(\w+)\(.*\n {2}if \(obj === undefined\).*\n)( {2}const result = {\n[\s\S]*?^ {2}};\n)/gm,
    (whole, head: string, name: string, body: string) => {
      if (name.endsWith('Props')) return whole;
      const fields = [...new Set([...body.matchAll(/\bobj\.(\w+)/g)].map(([, field]) => field))];
      return `${head}  refuseOthers('${name}', obj, ${JSON.stringify(fields)});\n${body}`;
    },
  );
  return `${strict.trimEnd()}\n\n${REFUSE_OTHERS}`;
}

const REFUSE_OTHERS = `function refuseOthers(type: string, obj: object, known: readonly string[]): void {
  const other = Object.keys(obj).find((field) => !known.includes(field));
  if (other === undefined) return;
  throw new Error(\`\${type} has no field \${other}: name it in scripts/imported-fields.ts, then run: npm run import\`);
}
`;

/**
 * Adds each kind of projectcalico.org/v3 again, as the crd.projectcalico.org/v1 that Calico stores and that is applied if no
 * Calico serves v3 yet: BgpPeer, and StoredBgpPeer with the same properties.
 */
function withStoredKinds(text: string): string {
  const classes = text.match(/^\/\*\*\n(?: \*.*\n)+export class [\s\S]*?^}\n/gm) ?? [];
  const stored = classes.map((one) => {
    const name = /^export class (\w+)/m.exec(one)?.[1];
    return one
      .replace(new RegExp(`\\b${name}\\b`, 'g'), `Stored${name}`)
      .replace("'projectcalico.org/v3'", "'crd.projectcalico.org/v1'");
  });
  return `${text.trimEnd()}\n\n${stored.join('\n')}`;
}

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
