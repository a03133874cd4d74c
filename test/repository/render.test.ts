import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';
import { smallestPodMtu } from '../../analysis/index.ts';
import { buildFabric } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { largeTopology } from '../../scripts/large-topology.ts';
import { parseTopologyValue, type TopologyInput } from '../../topology/index.ts';
import { arbitraryTopology, shuffled } from '../cli/arbitrary-topology.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';

const rendered = (topology: unknown): ReadonlyMap<string, string> =>
  render(fabricOf(topology), undefined).files;

test('every valid topology renders, into files that their readers can parse', () => {
  fc.assert(
    fc.property(arbitraryTopology, (topology) => {
      for (const [path, text] of rendered(topology)) {
        expect(text.endsWith('\n')).toBe(true);
        expect(path).toMatch(/^(cluster|gitops|routers|nodes)(\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/);
        if (path.endsWith('.yaml')) {
          const errors = parseAllDocuments(text, { version: '1.1' }).flatMap((document) => document.errors);
          expect({ path, errors }).toEqual({ path, errors: [] });
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('the order of keys in the file never reaches the output', () => {
  const orders = fc.constantFrom<(keys: string[]) => string[]>(
    (keys) => [...keys].reverse(),
    (keys) => [...keys].sort(),
    (keys) => [...keys].sort((a, b) => a.length - b.length || (a < b ? 1 : -1)),
  );
  fc.assert(
    fc.property(arbitraryTopology, orders, (topology, order) => {
      const again = rendered(shuffled(topology, order));
      expect(Object.fromEntries(again)).toEqual(Object.fromEntries(rendered(topology)));
    }),
    { numRuns: 60 },
  );
});

test("what K3s applies first equals the engine's objects: adoption changes nothing", () => {
  const files = rendered(parse(reportText()));
  const copies = [...files].filter(([path]) => path.includes('/manifests/'));
  expect(copies.map(([path]) => path)).toEqual(
    ['operator', 'installation', 'bgp'].map((name) => `nodes/kubemaster/manifests/${name}.yaml`),
  );
  for (const [path, text] of copies) {
    const name = path.split('/').at(-1);
    const [original] = [...files].filter(
      ([other]) => other.startsWith('cluster/') && other.endsWith(`/${name}`),
    );
    expect(parseAllDocuments(text).map((one) => one.toJS())).toEqual(
      parseAllDocuments(original?.[1] ?? '').map((one) => one.toJS()),
    );
  }
});

/** The files that differ between two renderings. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  const removed = [...before.keys()].filter((path) => !after.has(path));
  const added = [...after.keys()].filter((path) => !before.has(path));
  const changed = [...after].flatMap(([path, text]) =>
    before.has(path) && before.get(path) !== text ? [path] : [],
  );
  return { added: added.sort(), removed: removed.sort(), changed: changed.sort() };
}

function withoutNode(topology: TopologyInput, name: string): TopologyInput {
  const { [name]: _, ...nodes } = topology.nodes ?? {};
  const segments = Object.fromEntries(
    Object.entries(topology.underlay?.segments ?? {}).map(([segment, value]) => {
      const { [name]: _member, ...members } = value.members;
      return [segment, { ...value, members }];
    }),
  );
  const { firstServer, ...k3s } = topology.k3s;
  const servers = Object.values(nodes).filter((node) => node.role === 'server').length;
  return {
    ...topology,
    nodes,
    k3s: servers > 1 && firstServer !== undefined ? { ...k3s, firstServer } : k3s,
    ...(topology.underlay === undefined ? {} : { underlay: { segments } }),
  };
}

test('removing a node removes exactly its files, and changes only files that list all nodes', () => {
  const withSpareAgent = arbitraryTopology.filter((topology) =>
    Object.values(topology.nodes ?? {}).some((node) => node.role === 'agent'),
  );
  fc.assert(
    fc.property(withSpareAgent, (original) => {
      const topology = { ...original, pods: { ...original.pods, mtu: 1400 } };
      const [name = '', node] =
        Object.entries(topology.nodes ?? {}).find(([, one]) => one.role === 'agent') ?? [];
      const region = topology.regions[node?.region ?? ''];
      const reflectors = region?.routers ?? [region?.router];
      const { added, removed, changed } = changes(rendered(topology), rendered(withoutNode(topology, name)));
      expect(added).toEqual([]);
      const own = (path: string) => path.startsWith(`nodes/${name}/`);
      expect(removed.filter((path) => !own(path))).toEqual(
        reflectors.map((router) => `routers/${router}/k3s/ibgpeers/${name}.conf`).sort(),
      );
      expect(removed.filter(own).length).toBeGreaterThanOrEqual(3);
      expect(changed).toEqual(['cluster/20-node-labels/node-labels.yaml']);
    }),
    { numRuns: 60 },
  );
});

test('a node costs the same number of files and bytes in a cluster of 100 and of 1,000', () => {
  const cost = (nodes: number) => {
    const files = [...rendered(largeTopology({ regions: 50, nodes, reflectors: 1 }))];
    const own = files.filter(([path]) => /^nodes\/node-77\/|\/ibgpeers\/node-77\.conf$/.test(path));
    return { files: own.length, bytes: own.reduce((sum, [, text]) => sum + text.length, 0) };
  };
  const small = cost(100);
  expect(small.files).toBe(4);
  expect(cost(1000)).toEqual(small);
});

/** What a hostile pull request would put into a value. */
const HOSTILE = [
  '$(touch /tmp/owned)',
  '`id`',
  "'; reboot #",
  '"; } protocol bgp x { ',
  '{{ .Values }}',
  'a\nb: c',
  '*alias',
  '<script>alert(1)</script>',
  '${{ secrets.TOKEN }}',
  '::set-output name=x::y',
  '-rf',
  '../../etc/passwd',
  'a\u202eb',
];

/** Every text of a topology, by its path. */
function textsOf(value: unknown, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value === 'string') return [[...path]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    textsOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function replaced(value: unknown, [part, ...rest]: readonly (string | number)[], by: string): unknown {
  if (part === undefined) return by;
  if (Array.isArray(value)) return value.map((item, at) => (at === part ? replaced(item, rest, by) : item));
  const record = value as Record<string, unknown>;
  return { ...record, [part]: replaced(record[part], rest, by) };
}

test('no hostile text gets through any field into a rendered file', () => {
  const full = parse(readFileSync('test/cli/full-topology.yaml', 'utf8'));
  expect(rendered(full).size).toBeGreaterThan(20);
  const paths = textsOf(full);
  expect(paths.length).toBeGreaterThan(60);
  for (const path of paths) {
    for (const text of HOSTILE) {
      const loaded = parseTopologyValue(replaced(full, path, text));
      if (!loaded.ok) continue;
      // Accepted findings are shown only to people; other texts are whole parts of a manifest, verbatim.
      for (const [file, content] of render(buildFabric(loaded.topology, smallestPodMtu), undefined).files) {
        if (!content.includes(text)) continue;
        const documents = parseAllDocuments(content).map((document) => document.toJS());
        expect({ path: path.join('.'), file, texts: file.endsWith('.yaml') && allTexts(documents) }).toEqual({
          path: path.join('.'),
          file,
          texts: expect.arrayContaining([text]),
        });
      }
    }
  }
});

const allTexts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(allTexts)
      : [];

test('no hostile name of anything gets into a rendered file either', () => {
  const full = parse(readFileSync('test/cli/full-topology.yaml', 'utf8'));
  for (const record of ['regions', 'routers', 'nodes', 'hosts']) {
    for (const text of HOSTILE) {
      const [first = '', ...others] = Object.keys(full[record]);
      const renamed = Object.fromEntries(
        [text, ...others].map((name) => [name, full[record][name === text ? first : name]]),
      );
      expect({ record, text, ok: parseTopologyValue({ ...full, [record]: renamed }).ok }).toEqual({
        record,
        text,
        ok: false,
      });
    }
  }
});

test('every install script of random topologies is a shell program', () => {
  const scripts: string[] = [];
  fc.assert(
    fc.property(arbitraryTopology, (topology) => {
      for (const [path, text] of rendered(topology)) if (path.endsWith('install.sh')) scripts.push(text);
    }),
    { numRuns: 20 },
  );
  for (const text of scripts.slice(0, 40)) {
    expect(spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  }
});
