import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { adopt, compare, noteText } from '../../adopt/index.ts';
import { smallestPodMtu } from '../../analysis/index.ts';
import { buildFabric } from '../../fabric/index.ts';
import { routerFiles } from '../../routers/index.ts';
import { networkFolder, routersIn } from './scenarios.ts';

/** An object as kubectl prints it. */
export interface Item {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string>; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
  [field: string]: unknown;
}

const NETWORK = 'report';
const bytes = (text: string) => new TextEncoder().encode(text);

/** The report's network with different objects in its cluster. */
export function adopted(change: (items: Item[]) => Item[]) {
  const folder = networkFolder(NETWORK);
  const list: { items: Item[] } = parse(readFileSync(join(folder, 'cluster.yaml'), 'utf8'));
  const text = stringify({ ...list, items: change(list.items) }, { lineWidth: 0 });
  const result = adopt({
    cluster: [{ file: 'cluster.yaml', bytes: bytes(text) }],
    routers: routersIn(NETWORK),
    known: { file: 'known.yaml', bytes: readFileSync(join(folder, 'known.yaml')) },
    operatorManifest: { path: 'operator.yaml', sha256: '0'.repeat(64) },
    repoURL: undefined,
  });
  /** The notes, each with the text of the line that it refers to instead of its number. */
  const notes = result.notes.map((note) =>
    noteText(note).replace(
      /cluster\.yaml:(\d+):\d+/,
      (_, line) => text.split('\n')[Number(line) - 1]?.trim() ?? '',
    ),
  );
  if (!result.ok) return { notes, problems: result.problems.map(({ message }) => message) };
  const fabric = buildFabric(result.topology, smallestPodMtu);
  return {
    notes,
    problems: [],
    topology: result.topology,
    comparison: compare(result.today, result.notes, fabric, routerFiles(fabric)),
  };
}

/** Changes the items of a kind, or only the named one. */
export const on =
  (kind: string, change: (item: Item) => object, name?: string) =>
  (items: Item[]): Item[] =>
    items.map((item) =>
      item.kind === kind && (name === undefined || item.metadata.name === name)
        ? { ...item, ...change(item) }
        : item,
    );
