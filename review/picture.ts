import { type Fabric, FELT_CHANGES, type Session, type SessionChange } from '../fabric/index.ts';
import type { PartChange } from './parts.ts';
import type { SessionFate } from './session-fates.ts';

/** The network as a diagram, with few enough boxes to read, whatever its size. */
export interface Picture {
  readonly regions: readonly { readonly name: string; readonly change: Became }[];
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

type Became = 'same' | 'added' | 'removed' | 'changed';

export interface Box {
  readonly id: string;
  readonly kind: 'router' | 'node' | 'nodes';
  /** A machine's name, or `12 nodes`. */
  readonly label: string;
  /** Null for a router of several regions, or of none. */
  readonly region: string | null;
  readonly change: Became;
}

/** BGP sessions between two boxes, Calico's mesh left out. */
export interface Line {
  readonly from: string;
  readonly to: string;
  readonly sessions: number;
  readonly change: SessionChange;
}

/** With more boxes, unchanged ones are omitted. */
const MOST_BOXES = 60;
/** More nodes of one kind in a region are drawn as one box. */
const MOST_NODES = 5;

/** Both states in one diagram. Routers and changed nodes have a box each; unchanged nodes share one. */
export function picture(
  before: Fabric,
  after: Fabric,
  parts: readonly PartChange[],
  sessions: readonly SessionFate[],
): Picture {
  const changed = new Map(parts.map(({ kind, name, change }) => [`${kind} ${name}`, change]));
  const becameOf = (kind: PartChange['kind'], name: string): Became =>
    changed.get(`${kind} ${name}`) ?? 'same';
  const regions = [...new Set([...after.regions, ...before.regions].map(({ name }) => name))].sort();
  const routers = routerBoxes(before, after, becameOf);
  const { boxes: nodes, boxOf } = nodeBoxes(before, after, regions, becameOf);
  const lines = linesBetween(before, after, sessions, (speaker) => boxOf.get(speaker) ?? `router ${speaker}`);
  const drawn = {
    regions: regions.map((name) => ({ name, change: becameOf('region', name) })),
    boxes: [...routers, ...nodes],
    lines,
  };
  return drawn.boxes.length > MOST_BOXES ? whatChanges(drawn) : drawn;
}

function routerBoxes(
  before: Fabric,
  after: Fabric,
  becameOf: (kind: PartChange['kind'], name: string) => Became,
): Box[] {
  const regionsOf = (name: string): string[] => {
    const own = [after, before].map(({ regions }) =>
      regions.filter(({ routers }) => routers.some((one) => one.name === name)).map((region) => region.name),
    );
    return own[0]?.length ? own[0] : (own[1] ?? []);
  };
  const names = [...new Set([...after.routers, ...before.routers].map(({ name }) => name))].sort();
  return names.map((name) => {
    const regions = regionsOf(name);
    const isPlanned = after.routers.some((router) => router.name === name && router.planned);
    return {
      id: `router ${name}`,
      kind: 'router',
      label: isPlanned ? `${name} (planned)` : name,
      region: regions.length === 1 ? (regions[0] ?? null) : null,
      change: becameOf('router', name),
    };
  });
}

function nodeBoxes(
  before: Fabric,
  after: Fabric,
  regions: readonly string[],
  becameOf: (kind: PartChange['kind'], name: string) => Became,
): { boxes: Box[]; boxOf: ReadonlyMap<string, string> } {
  const namesAfter = new Set(after.nodes.map(({ name }) => name));
  const all = [...after.nodes, ...before.nodes.filter(({ name }) => !namesAfter.has(name))];
  const boxOf = new Map<string, string>();
  const boxes = regions.flatMap((region) =>
    (['same', 'added', 'removed', 'changed'] as const).flatMap((change): Box[] => {
      const nodes = all
        .filter((node) => node.region === region && becameOf('node', node.name) === change)
        .map(({ name }) => name)
        .sort();
      if (nodes.length > MOST_NODES) {
        const id = `nodes ${region} ${change}`;
        for (const name of nodes) boxOf.set(name, id);
        return [{ id, kind: 'nodes', label: `${nodes.length} nodes`, region, change }];
      }
      return nodes.map((name) => {
        boxOf.set(name, `node ${name}`);
        return { id: `node ${name}`, kind: 'node', label: name, region, change };
      });
    }),
  );
  return { boxes, boxOf };
}

/** The most severe of several sessions between two boxes comes first. */
const GRAVITY: readonly SessionChange[] = [...FELT_CHANGES, 'kept'];

function linesBetween(
  before: Fabric,
  after: Fabric,
  sessions: readonly SessionFate[],
  boxOf: (speaker: string) => string,
): Line[] {
  const fates = new Map(sessions.map(({ id, change }) => [id, change]));
  const all = new Map<string, Session>([...before.sessions, ...after.sessions].map((one) => [one.id, one]));
  const lines = new Map<string, Line>();
  for (const [id, { ends }] of all) {
    const [from, to] = ends.map(({ speaker }) => boxOf(speaker)) as [string, string];
    const change = fates.get(id) ?? 'kept';
    const key = JSON.stringify([from, to]);
    const other = lines.get(key);
    const worse = GRAVITY.find((one) => one === change || one === other?.change) ?? change;
    lines.set(key, { from, to, sessions: (other?.sessions ?? 0) + 1, change: worse });
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

/** Boxes that something happens to, or to one of their sessions, and the boxes at the other end of these. */
function whatChanges({ regions, boxes, lines }: Picture): Picture {
  const felt = lines.filter(({ change }) => change !== 'kept');
  const ends = new Set(felt.flatMap(({ from, to }) => [from, to]));
  const left = boxes.filter(({ id, change }) => change !== 'same' || ends.has(id));
  const ids = new Set(left.map(({ id }) => id));
  const within = new Set(left.map(({ region }) => region));
  return {
    regions: regions.filter(({ name, change }) => change !== 'same' || within.has(name)),
    boxes: left,
    lines: lines.filter(({ from, to }) => ids.has(from) && ids.has(to)),
  };
}
