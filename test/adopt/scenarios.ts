import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Adopted, adopt, type Comparison, compare, type RouterFolder } from '../../adopt/index.ts';
import { smallestPodMtu } from '../../analysis/index.ts';
import { buildFabric, type Fabric } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { routerFiles } from '../../routers/index.ts';
import { tree } from '../cli/run.ts';

/** The folder of the networks, and the one that a page walks through. */
const FOLDERS = [join('test', 'adopt', 'networks'), join('docs', 'adopt')];

/** Running networks: the output of kubectl and the routers' files, one folder each; `known.yaml` is what the operator knows. */
export const networks = FOLDERS.flatMap((folder) => readdirSync(folder)).sort();

export const networkFolder = (network: string): string =>
  FOLDERS.map((folder) => join(folder, network)).find((folder) => existsSync(folder)) ?? network;

/** A router's folder, as named in messages. */
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

/** Adopts a network, renders the result and compares. Throws if the network cannot be adopted. */
export function adoptNetwork(network: string, known = ''): AdoptedNetwork {
  const manifest = join(networkFolder(network), 'operator.yaml');
  const path = existsSync(manifest) ? join(process.cwd(), manifest) : undefined;
  return adoptRouters(routersIn(network), network, known, (fabric) => render(fabric, path).files);
}

/** The same with changed router files, and without the cluster, which takes most of the time. */
export function adoptRouters(
  routers: readonly RouterFolder[],
  network: string,
  known = '',
  rendered: (fabric: Fabric) => ReadonlyMap<string, string> = routerFiles,
): AdoptedNetwork {
  const folder = networkFolder(network);
  const own = join(folder, 'known.yaml');
  const adopted = adopt({
    cluster: [{ file: 'cluster.yaml', bytes: readFileSync(join(folder, 'cluster.yaml')) }],
    routers,
    known: {
      file: 'known.yaml',
      bytes: encoder.encode((existsSync(own) ? readFileSync(own, 'utf8') : '') + known),
    },
    operatorManifest: existsSync(join(folder, 'operator.yaml'))
      ? { path: 'operator.yaml', sha256: '0'.repeat(64) }
      : undefined,
    repoURL: undefined,
  });
  if (!adopted.ok) throw new Error(JSON.stringify(adopted.problems.map(({ message }) => message)));
  const fabric = buildFabric(adopted.topology, smallestPodMtu);
  const files = rendered(fabric);
  return { adopted, fabric, files, comparison: compare(adopted.today, adopted.notes, fabric, files) };
}

/** Folders with the text of one file changed. */
export const changed = (
  routers: readonly RouterFolder[],
  change: (path: string, text: string) => string,
): RouterFolder[] =>
  routers.map(({ name, files }) => ({
    name,
    files: new Map(
      [...files].map(([path, bytes]) => [
        path,
        encoder.encode(change(`${name}/${path}`, new TextDecoder().decode(bytes))),
      ]),
    ),
  }));
