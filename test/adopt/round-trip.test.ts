import fc from 'fast-check';
import { stringify } from 'yaml';
import { adopt, compare, concerns, problemText, type RouterFolder } from '../../adopt/index.ts';
import { smallestPodMtu } from '../../analysis/index.ts';
import { buildFabric, type Fabric } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { valuesOf } from '../../topology/address.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { manifestObjects } from '../charts/topologies.ts';
import type { KubernetesObject } from '../charts/upstream.ts';
import { arbitraryTopology } from '../cli/arbitrary-topology.ts';
import { fabricOf } from '../fabric-of.ts';
import { hostConfig } from '../routers/bird.ts';

/**
 * A network made from a topology, as shown by kubectl and the routers, is adopted into a topology that renders the same
 * files. The operator repeats what neither cluster nor routers know.
 */
test('adopting the files rendered from a topology gives the same files', () => {
  fc.assert(
    fc.property(arbitraryTopology, (topology) => {
      const fabric = fabricOf(topology);
      const { files } = render(fabric, undefined);
      const adopted = adopt({
        cluster: [{ file: 'cluster.yaml', bytes: bytes(stringify(seen(fabric, files), { lineWidth: 0 })) }],
        routers: fabric.routers
          .filter(({ planned }) => !planned)
          .map(({ name }) => folderOf(fabric, files, name)),
        known: { file: 'known.yaml', bytes: bytes(stringify(knownOf(topology))) },
        operatorManifest: undefined,
        repoURL: undefined,
      });
      if (!adopted.ok) throw new Error(adopted.problems.map(problemText).join('\n'));
      const again = buildFabric(adopted.topology, smallestPodMtu);
      const rendered = render(again, undefined).files;
      const of = (all: ReadonlyMap<string, string>) =>
        Object.fromEntries([...all].filter(([path]) => !path.startsWith('nodes/')).sort());
      expect(of(rendered)).toEqual(of(files));
      const comparison = compare(adopted.today, adopted.notes, again, rendered);
      expect(comparison.compared.filter(({ change }) => change !== 'same')).toEqual([]);
      expect(comparison.todo).toEqual([]);
      expect(concerns(comparison)).toEqual({ unexplained: 0, interrupted: 0 });
    }),
    { numRuns: Number(process.env.NOENCAP_RUNS ?? 25) },
  );
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The output of `kubectl get -o yaml`: with what the API server adds, kubelet's nodes, and the blocks that IPAM assigned. */
function seen(fabric: Fabric, files: ReadonlyMap<string, string>): object {
  const cluster = new Map([...files].filter(([path]) => path.startsWith('cluster/')));
  const applied = manifestObjects(cluster).map((object): KubernetesObject => {
    const stored = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: '7f3c2f0e-5d0e-4f4e-9f0e-2b3c4d5e6f70',
        resourceVersion: '4711',
        generation: 2,
        creationTimestamp: '2026-04-02T09:00:00Z',
        managedFields: [{ manager: 'argocd-controller', operation: 'Apply', fieldsV1: { 'f:spec': {} } }],
      },
    };
    return object.kind === 'Installation'
      ? { ...stored, status: { calicoVersion: fabric.calico.version, variant: 'Calico' } }
      : stored;
  });
  const nodes = fabric.nodes.map(({ name, region, role, address }) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      creationTimestamp: name === fabric.k3s.firstServer ? '2026-04-01T00:00:00Z' : '2026-04-02T00:00:00Z',
      labels: {
        'kubernetes.io/hostname': name,
        [fabric.regionLabel]: region,
        ...(role === 'server' ? { 'node-role.kubernetes.io/control-plane': 'true' } : {}),
      },
      annotations: Object.fromEntries(
        valuesOf(address).map(({ family, text }) => [
          `projectcalico.org/${family === 'ipv4' ? 'IPv4' : 'IPv6'}Address`,
          `${text}/24`,
        ]),
      ),
    },
    status: {
      addresses: valuesOf(address).map(({ text }) => ({ type: 'InternalIP', address: text })),
      nodeInfo: { kubeletVersion: fabric.k3s.version },
    },
  }));
  const blocks = fabric.nodes.flatMap(({ name, blocks: own }) =>
    own.map(({ text }, index) => ({
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'BlockAffinity',
      metadata: { name: `${name}-${index}` },
      spec: { cidr: text, node: name, state: 'confirmed', deleted: 'false' },
    })),
  );
  const services = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes' },
    spec: { cidrs: fabric.services.cidrs.map(({ text }) => text) },
  };
  return { apiVersion: 'v1', kind: 'List', items: [...nodes, services, ...applied, ...blocks] };
}

/** A copy of the router's /etc/bird. In include mode its owner has their own bird.conf. */
function folderOf(fabric: Fabric, files: ReadonlyMap<string, string>, router: string): RouterFolder {
  const prefix = `routers/${router}/`;
  const own = [...files]
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, text]): [string, Uint8Array] => [path.slice(prefix.length), bytes(text)]);
  const all = new Map(own);
  if (!all.has('bird.conf')) all.set('bird.conf', bytes(hostConfig(fabric, router)));
  return { name: router, files: all };
}

/** What neither the cluster nor the routers' sessions reveal: see docs/adopt.md. */
function knownOf({
  name,
  gitops,
  labels,
  regions,
  routers,
  nodes,
  underlay,
  hosts,
  checks,
}: TopologyInput): object {
  const present = (value: object): object =>
    Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
  return present({
    name,
    gitops,
    labels,
    underlay,
    hosts,
    checks,
    regions: Object.fromEntries(
      Object.entries(regions).map(([region, { k3sMirror, registryMirrors }]) => [
        region,
        present({ k3sMirror, registryMirrors }),
      ]),
    ),
    routers: Object.fromEntries(
      Object.entries(routers).map(([router, { routerId, planned, bird, interfaces, backboneAddress }]) => [
        router,
        // A planned router has no folder, and what a standalone one does besides its sessions is not read.
        present({
          ...(planned ? { routerId } : {}),
          ...(bird?.mode === 'standalone' ? { bird, interfaces, backboneAddress } : {}),
        }),
      ]),
    ),
    nodes: Object.fromEntries(
      Object.entries(nodes ?? {}).map(([node, { igp, defaultRouter }]) => [
        node,
        present({ igp, defaultRouter }),
      ]),
    ),
  });
}
