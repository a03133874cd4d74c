import { filteringConfig } from '../bird/filter/config.ts';
import { placeOf } from '../bird/parser.ts';
import { type PerFamily, parsePrefix } from '../topology/address.ts';
import { decode } from '../topology/encoding.ts';
import type { Fault } from '../topology/fault.ts';
import { loadTopology } from '../topology/load.ts';
import type { Path, Topology } from '../topology/model.ts';
import { fromFault, type Problem, problem } from '../topology/problem.ts';
import { type Source, valueSource, yamlSource } from '../topology/source.ts';
import { readYaml } from '../topology/yaml.ts';
import { type BirdFiles, ofBird6, type RouterFolder, readFolder } from './bird-files.ts';
import { type Cluster, cluster, runningNodes, unread } from './cluster.ts';
import { type ClusterFile, clusterObjects, fieldAt, isFields, textOf } from './cluster-objects.ts';
import { type Fact, fact, guess, type Note } from './facts.ts';
import type { OperatorManifest } from './infer-calico.ts';
import { clusterFacts } from './infer-cluster.ts';
import { filterFacts } from './infer-filters.ts';
import { nodeFacts, regionFacts, regionPeers } from './infer-peers.ts';
import { inferRouters } from './infer-routers.ts';
import { leftOut } from './left-out.ts';
import type { KnownRouter, RouterSessions, RunningRouter } from './router-sessions.ts';
import { writeTopology } from './write-topology.ts';

/** Today's network, as given by the user. */
export interface Given {
  readonly cluster: readonly ClusterFile[];
  readonly routers: readonly RouterFolder[];
  /** A partial topology written by the user: it takes precedence over everything else. */
  readonly known: ClusterFile | undefined;
  readonly operatorManifest: OperatorManifest | undefined;
  /** Where the topology will be kept, if known. */
  readonly repoURL: string | undefined;
}

/** Today's network as understood: the starting point of a comparison with the rendered one. */
export interface Today {
  readonly cluster: Cluster;
  readonly routers: readonly {
    readonly folder: RouterFolder;
    readonly files: BirdFiles;
    readonly sessions: RouterSessions;
  }[];
}

export type Adopted =
  | {
      readonly ok: true;
      readonly text: string;
      readonly topology: Topology;
      readonly facts: readonly Fact[];
      readonly notes: readonly Note[];
      readonly today: Today;
    }
  /** `notes`: what was not adopted, and may explain why something is missing. */
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly notes: readonly Note[] };

/** Creates a topology from today's network. Never an invalid one: says what is missing, and where to find it. */
export function adopt(given: Given): Adopted {
  const known = readKnown(given.known);
  const read = given.cluster.map(clusterObjects);
  const running = cluster(read.flatMap(({ objects }) => objects));
  const { nodes, problems: nodeProblems } = runningNodes(running);
  const folders = given.routers.map((folder) => ({ folder, files: readFolder(folder) }));
  const routers = folders.map(({ folder, files }): RunningRouter & { files: BirdFiles } => ({
    name: folder.name,
    config: filteringConfig(files.statements),
    files,
  }));
  const problems = [
    ...known.problems,
    ...read.flatMap((one) => one.problems),
    ...nodeProblems,
    ...routers.flatMap(({ files, config }) => [...files.problems, ...config.problems]),
  ];
  if (problems.length > 0) return { ok: false, problems, notes: [] };

  const ofCluster = clusterFacts(running, nodes, given.operatorManifest);
  const stated = (path: Path): unknown =>
    fieldAt(known.value, path) ??
    ofCluster.facts.find((one) => JSON.stringify(one.path) === JSON.stringify(path))?.value;
  const asNumber = stated(['bgp', 'asNumber']);
  const peers = regionPeers(running, nodes, asNumber);
  const inferred = inferRouters({
    routers,
    nodes,
    peers: peers.peers,
    pools: listOf(stated(['pods', 'cidrs'])).flatMap((cidr) => {
      const parsed = parsePrefix(textOf(cidr));
      return parsed.ok ? [parsed.prefix] : [];
    }),
    clusterAs: textOf(asNumber),
    knownRouter: (router) => knownRouter(fieldAt(known.value, ['routers', router])),
  });
  const filters = filterFacts(running, (name) =>
    [...new Set(peers.peers.filter((peer) => peer.filters.includes(name)).map(inferred.routerOf))].sort(),
  );
  const facts = [
    fact(['version'], 1, ''),
    guess(['name'], 'home', 'choose your own'),
    ...ofCluster.facts,
    ...(given.repoURL === undefined
      ? []
      : [guess(['gitops', 'repoURL'], given.repoURL, "this working copy's origin")]),
    ...filters.facts,
    ...regionFacts(peers, inferred.routerOf),
    ...inferred.facts,
    ...nodeFacts(running, nodes, peers),
  ];
  const used = facts.filter(({ path }) => !overridden(known.value, path));
  const value = merged(built(used), known.value);
  const text = writeTopology(value as Record<string, unknown>, used);
  const loaded = loadTopology({ file: 'topology.yaml', bytes: new TextEncoder().encode(text) });
  const refused = [
    ...ofCluster.problems,
    ...(loaded.ok ? [] : asProblems(loaded.faults, used, known.source)),
  ];
  const ownNotes = [
    ...ofCluster.notes,
    ...peers.notes,
    ...filters.notes,
    ...inferred.notes,
    ...leftOut(running, nodes, asNumber),
    ...folders.flatMap(({ folder, files }) => ofBird6(folder, files)),
  ];
  const notes = [
    ...ownNotes,
    ...unread(running).filter(({ what }) => !ownNotes.some((one) => one.what === what)),
  ];
  if (refused.length > 0 || !loaded.ok) return { ok: false, problems: refused, notes };
  return {
    ok: true,
    text,
    topology: loaded.topology,
    facts: used,
    notes,
    today: {
      cluster: running,
      routers: routers.map(({ name, files }, index) => ({
        folder: folders[index]?.folder ?? { name, files: new Map() },
        files,
        sessions: inferred.sessions.find(({ router }) => router.name === name) as RouterSessions,
      })),
    },
  };
}

interface Known {
  readonly value: unknown;
  readonly source: Source | undefined;
  readonly problems: readonly Problem[];
}

function readKnown(known: ClusterFile | undefined): Known {
  if (known === undefined) return { value: {}, source: undefined, problems: [] };
  const decoded = decode(known.file, known.bytes);
  const whole = yamlSource(known.file, decoded.text, undefined);
  if (decoded.faults.length > 0) {
    return { value: {}, source: whole, problems: decoded.faults.map((one) => fromFault(one, whole)) };
  }
  const { source, value, faults } = readYaml(known.file, decoded.text, 'refuse');
  if (faults.length > 0) return { value: {}, source, problems: faults.map((one) => fromFault(one, source)) };
  if (isFields(value)) return { value, source, problems: [] };
  const fix = 'Write parts of a topology, such as gitops: {repoURL: ...}.';
  return { value: {}, source, problems: [problem(source, undefined, 'is not a map', fix)] };
}

function knownRouter(value: unknown): KnownRouter {
  const pair = (field: string): PerFamily<string> => {
    const one = fieldAt(value, [field]);
    if (isFields(one)) return one as PerFamily<string>;
    return typeof one === 'string' ? (one.includes(':') ? { ipv6: one } : { ipv4: one }) : {};
  };
  return {
    nodeAddress: pair('nodeAddress'),
    backboneAddress: pair('backboneAddress'),
  };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Whether the user gives a value at the path, or above it. */
const overridden = (known: unknown, path: Path): boolean =>
  path.some((_, index) => {
    const value = fieldAt(known, path.slice(0, index + 1));
    return value !== undefined && !isFields(value);
  });

type Tree = { [key: string]: unknown };

function built(facts: readonly Fact[]): Tree {
  const root: Tree = Object.create(null);
  for (const { path, value } of facts) {
    let at = root;
    for (const part of path.slice(0, -1)) {
      if (!Object.hasOwn(at, part) || !isFields(at[part])) at[part] = Object.create(null);
      at = at[part] as Tree;
    }
    at[String(path.at(-1))] = value;
  }
  return root;
}

/** Overlays the user's values on what was found: maps field by field, everything else as a whole. */
function merged(found: unknown, known: unknown): unknown {
  if (!isFields(found) || !isFields(known)) return known === undefined ? found : known;
  const keys = [...new Set([...Object.keys(found), ...Object.keys(known)])];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      merged(
        Object.hasOwn(found, key) ? found[key] : undefined,
        Object.hasOwn(known, key) ? known[key] : undefined,
      ),
    ]),
  );
}

/** Where to look for what is in none of the given files. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^gitops/, 'Which repository will contain this?'],
  [/^routers\.[^.]+(\.routerId)?$/, "It is in bird.conf: give the router's whole folder, usually /etc/bird."],
  [/^services/, 'From Kubernetes 1.33 on, K3s shows it: kubectl get servicecidrs.networking.k8s.io.'],
  [/^calico\.version/, 'kubectl get daemonset -n calico-system calico-node -o yaml shows it.'],
  [/^k3s/, "It is the kubelet's version on the server."],
  [/^nodes\.[^.]+(\.region)?$/, 'A region is the label that BGPPeers select by.'],
];

/**
 * A fault of the would-be topology, at the place of its source; anything missing entirely belongs in the
 * user's own partial topology.
 */
function asProblem(one: Fault, origins: Origins, known: Source | undefined): Problem {
  const place = known?.locate(one.path, one.part);
  if (known !== undefined && place !== undefined) return { ...fromFault(one, known), at: place };
  // If a node lacks something, its object lacks it.
  const isNodes = one.path[0] === 'nodes' && one.path.length === 2;
  const found =
    origins.of(one.path) ?? (one.code === 'missing-key' && !isNodes ? undefined : origins.below(one.path));
  const base = { code: one.code, path: one.path, message: one.message, fix: `${one.fix}${hintFor(one)}` };
  const origin = found?.origin;
  if (origin === undefined)
    return { ...base, source: valueSource('topology.yaml, as it would be'), at: undefined };
  if ('kind' in origin) return { ...base, source: origin.source, at: placeOf(origin) };
  return { ...base, source: origin.source, at: origin.source.locate(origin.path) };
}

function hintFor({ code, path, message }: Fault): string {
  if (code === 'calico-not-carried') return ' adopt does this: --operator-manifest FILE.';
  if (code !== 'missing-key') return '';
  const [, key] = /has no (\w+)/.exec(message) ?? [];
  const named = [...path, ...(key === undefined ? [] : [key])].join('.');
  const hint = HINTS.find(([pattern]) => pattern.test(named))?.[1];
  return `${hint === undefined ? '' : ` ${hint}`} Put what no file says into a partial topology of your own: --known FILE.`;
}

const asProblems = (
  faults: readonly Fault[],
  facts: readonly Fact[],
  known: Source | undefined,
): Problem[] => {
  const origins = originsOf(facts);
  return faults.map((one) => asProblem(one, origins, known));
};

interface Origins {
  /** The fact at a path, or the nearest one above it. */
  readonly of: (path: Path) => Fact | undefined;
  /** The first fact below it. */
  readonly below: (path: Path) => Fact | undefined;
}

/** Facts by path: a cluster of thousands of nodes may have as many faults. */
function originsOf(facts: readonly Fact[]): Origins {
  const placed = facts.filter(({ origin }) => origin !== undefined);
  const at = new Map(placed.map((one) => [JSON.stringify(one.path), one]));
  const under = new Map<string, Fact>();
  for (const one of placed) {
    for (const [index] of one.path.entries()) {
      const key = JSON.stringify(one.path.slice(0, index));
      if (index > 1 && !under.has(key)) under.set(key, one);
    }
  }
  return {
    of: (path) =>
      path
        .map((_, index) => at.get(JSON.stringify(path.slice(0, path.length - index))))
        .find((one) => one !== undefined),
    below: (path) => under.get(JSON.stringify(path)),
  };
}
