import { parseAddress, parsePrefix } from '../topology/address.ts';
import { type Problem, problem } from '../topology/problem.ts';
import { type Cluster, type RunningNode, text } from './cluster.ts';
import { type ClusterObject, fieldAt, textOf } from './cluster-objects.ts';
import { type Fact, fact, guess, type Note, within } from './facts.ts';
import { calicoFacts, type OperatorManifest } from './infer-calico.ts';
import { podPools } from './infer-pools.ts';

/** What the cluster's objects say about pods, services, Calico and K3s. */
export function clusterFacts(
  running: Cluster,
  nodes: readonly RunningNode[],
  operatorManifest: OperatorManifest | undefined,
): { facts: Fact[]; notes: readonly Note[]; problems: readonly Problem[] } {
  const installations = running.of('Installation');
  const installation = running.named('Installation', 'default') ?? installations[0];
  const pods = podFacts(running, installation);
  const calico = calicoFacts(running, nodes, installation, operatorManifest);
  return {
    facts: [
      ...bgpFacts(running),
      ...pods.facts,
      ...serviceFacts(running, nodes),
      ...calico.facts,
      ...k3sFacts(nodes),
    ],
    notes: [...pods.notes, ...calico.notes],
    problems: [...pods.problems, ...installations.filter((one) => one !== installation).map(overlaid)],
  };
}

/** The operator merges both, field by field, but noencap renders `default` only. */
const overlaid = (object: ClusterObject): Problem =>
  problem(
    object.source,
    object.source.locate([...object.path, 'metadata', 'name']),
    `Installation ${object.name} exists besides default, and the operator merges both`,
    'Move its fields into Installation default and delete it first: that changes nothing in the running cluster.',
    [...object.path, 'metadata', 'name'],
  );

function bgpFacts(running: Cluster): Fact[] {
  const object = running.named('BGPConfiguration', 'default');
  const spec = fieldAt(object?.value, ['spec']);
  const from =
    object === undefined ? "Calico's default: there is no BGPConfiguration" : 'BGPConfiguration default';
  const asNumber = fieldAt(spec, ['asNumber']);
  const mesh = fieldAt(spec, ['nodeToNodeMeshEnabled']);
  const at = (field: string) => (object === undefined ? undefined : within(object, 'spec', field));
  return [
    fact(
      ['bgp', 'asNumber'],
      asNumber ?? 64512,
      asNumber === undefined ? "Calico's default" : from,
      at('asNumber'),
    ),
    fact(
      ['bgp', 'nodeToNodeMesh'],
      mesh ?? true,
      mesh === undefined ? "Calico's default" : from,
      at('nodeToNodeMeshEnabled'),
    ),
  ];
}

function podFacts(
  running: Cluster,
  installation: ClusterObject | undefined,
): { facts: Fact[]; notes: readonly Note[]; problems: Problem[] } {
  const { pools, notes } = podPools(running, installation);
  const problems = pools
    .filter(({ encapsulation }) => encapsulation !== 'None')
    .map(({ object, path, encapsulation }) =>
      problem(
        object.source,
        object.source.locate([...object.path, ...path]),
        `this pool is encapsulated (${encapsulation}), but noencap is for networks without encapsulation`,
        'Move it to encapsulation None first: that is a separate change with its own risks.',
        [...object.path, ...path],
      ),
    );
  const families = pools.map(({ cidr }) => (textOf(cidr).includes(':') ? 'ipv6' : 'ipv4'));
  const sizes = pools.flatMap(({ blockSize }, index) => {
    const family = families[index] ?? 'ipv4';
    return blockSize === undefined || families.indexOf(family) < index ? [] : [[family, blockSize] as const];
  });
  const [first] = pools;
  if (first === undefined) return { facts: [], notes, problems };
  const from = first.object.kind === 'Installation' ? 'Installation default' : `IPPool ${first.object.name}`;
  const mtu = fieldAt(installation?.value, ['spec', 'calicoNetwork', 'mtu']);
  const at = (field: string) => within(first.object, ...first.path, field);
  return {
    notes,
    problems,
    facts: [
      fact(
        ['pods', 'cidrs'],
        pools.map(({ cidr }) => cidr),
        from,
        within(first.object, ...first.path),
      ),
      ...(sizes.length === 0
        ? []
        : [
            fact(
              ['pods', 'blockSize'],
              sizes.length === 1 && pools.length === 1 ? sizes[0]?.[1] : Object.fromEntries(sizes),
              from,
              at('blockSize'),
            ),
          ]),
      fact(['pods', 'natOutgoing'], first.nat, from, at('natOutgoing')),
      mtu === undefined || mtu === 0
        ? fact(
            ['pods', 'mtu'],
            'auto',
            "no mtu in Installation: computed if there is an underlay, otherwise the hosts' own",
          )
        : fact(
            ['pods', 'mtu'],
            mtu,
            'Installation default',
            installation && within(installation, 'spec', 'calicoNetwork', 'mtu'),
          ),
    ],
  };
}

const SERVICE_DEFAULT = '10.43.0.0/16';

/** From Kubernetes 1.33 on, the API server's ServiceCIDR; before, K3s' flags, or the address of the first service. */
function serviceFacts(running: Cluster, nodes: readonly RunningNode[]): Fact[] {
  const path = ['services', 'cidrs'];
  const object = running.named('ServiceCIDR', 'kubernetes');
  const cidrs = fieldAt(object?.value, ['spec', 'cidrs']);
  if (object !== undefined && Array.isArray(cidrs)) {
    return [fact(path, cidrs, 'ServiceCIDR kubernetes', within(object, 'spec', 'cidrs'))];
  }
  for (const node of nodes.filter(({ isServer }) => isServer)) {
    const annotation = ['metadata', 'annotations', 'k3s.io/node-args'];
    const args = k3sArgs(text(fieldAt(node.object.value, annotation)));
    if (args === undefined) continue;
    const at = args.indexOf('--service-cidr');
    const origin = within(node.object, ...annotation);
    const from = `Node ${node.name}: k3s.io/node-args`;
    return at < 0
      ? [fact(path, [SERVICE_DEFAULT], `K3s' default: no --service-cidr in ${from}`, origin)]
      : [fact(path, (args[at + 1] ?? '').split(','), from, origin)];
  }
  const address = text(fieldAt(running.named('Service', 'kubernetes')?.value, ['spec', 'clusterIP']));
  const first = address === undefined ? undefined : parseAddress(address);
  const assumed = parsePrefix(SERVICE_DEFAULT);
  return first !== undefined && assumed.ok && first.value === assumed.prefix.value + 1n
    ? [guess(path, [SERVICE_DEFAULT], `Service kubernetes is ${first.text}, the first of K3s' default range`)]
    : [];
}

/** K3s writes its own command line into an annotation, without secrets. */
function k3sArgs(annotation: string | undefined): string[] | undefined {
  try {
    const args: unknown = JSON.parse(annotation ?? '');
    return Array.isArray(args) ? args.map(textOf) : undefined;
  } catch {
    return undefined;
  }
}

function k3sFacts(nodes: readonly RunningNode[]): Fact[] {
  const servers = nodes.filter(({ isServer }) => isServer);
  const created = ({ object }: RunningNode) =>
    text(fieldAt(object.value, ['metadata', 'creationTimestamp'])) ?? '';
  // The oldest server started the cluster, unless it was replaced.
  const [first] = [...servers].sort((a, b) =>
    created(a) < created(b) ? -1 : created(a) > created(b) ? 1 : a.name < b.name ? -1 : 1,
  );
  if (first === undefined) return [];
  return [
    ...(first.kubelet === undefined
      ? []
      : [
          fact(
            ['k3s', 'version'],
            first.kubelet,
            `Node ${first.name}`,
            within(first.object, 'status', 'nodeInfo', 'kubeletVersion'),
          ),
        ]),
    ...(servers.length > 1 ? [guess(['k3s', 'firstServer'], first.name, 'the oldest of the servers')] : []),
  ];
}
