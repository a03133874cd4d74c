import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Adopted, adopt, type Comparison, compare, type RouterFolder } from '../../adopt/index.ts';
import { render } from '../../cli/render.ts';
import { buildFabric, type Fabric } from '../../fabric/index.ts';
import { tree } from '../cli/run.ts';

/** Where the networks are, and the one that a page leads through. */
const FOLDERS = [join('test', 'adopt', 'networks'), join('docs', 'adopt')];

/** Networks that run: what kubectl and the routers have of them. A folder each; `known.yaml` is what its operator knows. */
export const networks = FOLDERS.flatMap((folder) => readdirSync(folder)).sort();

export const networkFolder = (network: string): string =>
  FOLDERS.map((folder) => join(folder, network)).find((folder) => existsSync(folder)) ?? network;

/** A router's folder, as messages call it. */
export const routersIn = (network: string, of = networkFolder(network)): RouterFolder[] => {
  const folder = join(of, 'routers');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, files: bytesOf(tree(join(folder, name))) }));
};

const encoder = new TextEncoder();

export const bytesOf = (files: Readonly<Record<string, string>>): Map<string, Uint8Array> =>
  new Map(Object.entries(files).map(([path, text]) => [path, encoder.encode(text)]));

export interface AdoptedNetwork {
  readonly adopted: Extract<Adopted, { ok: true }>;
  readonly fabric: Fabric;
  readonly files: ReadonlyMap<string, string>;
  readonly comparison: Comparison;
}

/** Adopts a network, renders what comes of it and compares. Throws if it cannot be adopted. */
export function adoptNetwork(network: string, known = ''): AdoptedNetwork {
  const folder = networkFolder(network);
  const own = join(folder, 'known.yaml');
  const manifest = join(folder, 'operator.yaml');
  const adopted = adopt({
    cluster: [{ file: 'cluster.yaml', bytes: readFileSync(join(folder, 'cluster.yaml')) }],
    routers: routersIn(network),
    known: {
      file: 'known.yaml',
      bytes: encoder.encode((existsSync(own) ? readFileSync(own, 'utf8') : '') + known),
    },
    operatorManifest: existsSync(manifest) ? { path: 'operator.yaml', sha256: '0'.repeat(64) } : undefined,
    repoURL: undefined,
  });
  if (!adopted.ok) throw new Error(JSON.stringify(adopted.problems.map(({ message }) => message)));
  const fabric = buildFabric(adopted.topology);
  const { files } = render(fabric, existsSync(manifest) ? join(process.cwd(), manifest) : undefined);
  return { adopted, fabric, files, comparison: compare(adopted.today, adopted.notes, fabric, files) };
}
