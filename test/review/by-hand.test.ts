import { render } from '../../repository/render.ts';
import { byHand, byHandText } from '../../review/by-hand.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

const base = redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 } });

function told(before: TopologyInput, after: TopologyInput): string[] {
  const [was, is] = [before, after].map((topology) => {
    const fabric = fabricOf(topology);
    return { fabric, files: render(fabric, undefined).files };
  });
  if (was === undefined || is === undefined) return [];
  return byHand(was, is).map(byHandText);
}

const renamed = (old: string, now: string): TopologyInput =>
  JSON.parse(JSON.stringify(base).replaceAll(JSON.stringify(old), JSON.stringify(now)));

const node = (name: string, change: object): TopologyInput => ({
  ...base,
  nodes: { ...base.nodes, [name]: { ...base.nodes?.[name], ...change } as never },
});
const router = (name: string, change: object): TopologyInput => ({
  ...base,
  routers: { ...base.routers, [name]: { ...base.routers?.[name], ...change } as never },
});
const segment = (name: string, change: object): TopologyInput => ({
  ...base,
  underlay: {
    segments: {
      ...base.underlay?.segments,
      [name]: { ...base.underlay?.segments[name], ...change } as never,
    },
  },
});

const withoutNode = (name: string): TopologyInput => {
  const text = JSON.stringify(base, (key, value) => (key === name ? undefined : value));
  return JSON.parse(text);
};

test.each<[string, TopologyInput, readonly string[]]>([
  ['nothing', base, []],
  [
    'a hold time, which ship and nobody else delivers',
    redundant({ bgp: { nodeToNodeMesh: true, holdTime: 9 } }),
    [],
  ],
  ['no mesh, which an engine brings', redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6 } }), []],
  [
    'another name of a node',
    renamed('e-b', 'east-b'),
    [
      'before the merge, at e-b: drain it (its pods lose their network)',
      'before the merge, at e-b: remove it from the cluster: stop K3s, then kubectl delete node (Kubernetes identifies a node by its name and the role it joined with: docs/remove-a-node.md)',
      'after shipping, at east-b: run install.sh (this joins it to the cluster)',
    ],
  ],
  [
    'a node that goes',
    withoutNode('e-b'),
    [
      'before the merge, at e-b: drain it (its pods lose their network)',
      'before the merge, at e-b: remove it from the cluster: stop K3s, then kubectl delete node (Kubernetes identifies a node by its name and the role it joined with: docs/remove-a-node.md)',
    ],
  ],
  [
    'another release of K3s: servers before agents',
    { ...base, k3s: { version: 'v1.34.9+k3s1' } },
    [
      'after the merge, at e-a: run install.sh (its own files change: K3s restarts with them, pods keep running)',
      'after the merge, at e-b and w-a: run install.sh (its own files change: K3s restarts with them, pods keep running)',
    ],
  ],
  [
    'another MTU of pods',
    { ...base, pods: { ...base.pods, mtu: 1300 } as never },
    [
      'after the merge, at e-a, e-b and w-a: wait until calico-node is replaced on every node, and ship nothing until then (the operator restarts it node by node, and its sessions with it)',
      'after the merge, at e-a, e-b and w-a: restart its pods, node by node (they keep the MTU they were created with)',
    ],
  ],
  [
    'another way to find addresses, which the operator hands to every calico-node',
    { ...base, calico: { ...base.calico, nodeAddress: { interface: 'eth0' } } },
    [
      'after the merge, at e-a, e-b and w-a: wait until calico-node is replaced on every node, and ship nothing until then (the operator restarts it node by node, and its sessions with it)',
    ],
  ],
  [
    'another address of a router for the others',
    router('w1', { backboneAddress: '10.0.0.33' }),
    [
      'before the merge, at w1: add 10.0.0.33 to it (noencap configures no interface)',
      'after shipping, at w1: take 10.0.0.3 off (no peer uses it any more)',
    ],
  ],
  [
    'a wider segment',
    segment('core', { mtu: 9000 }),
    [
      'before the merge, at e1, e2 and w1: set the MTU of its interface on core to 9000 (noencap configures no interface)',
    ],
  ],
  [
    'another cost of a segment, which noencap configures on standalone routers only',
    segment('core', { cost: 77 }),
    [
      'before the merge, at e1, e2 and w1: set the cost of its interface on core to 77 (noencap configures the IGP only on standalone routers)',
    ],
  ],
  [
    'the IGP on a node',
    node('w-a', { igp: true }),
    ['before the merge, at w-a: run OSPF on it (noencap configures the IGP only on standalone routers)'],
  ],
  [
    'a retiring pool',
    {
      ...base,
      k3s: { ...base.k3s, clusterCidrs: ['10.42.0.0/16'] },
      pods: { ...base.pods, cidrs: ['10.44.0.0/16'], retiring: ['10.42.0.0/16'] },
    } as never,
    [
      'after shipping, at e-a: run install.sh (its own files change: K3s restarts with them, pods keep running)',
      'after shipping, at e-b and w-a: run install.sh (its own files change: K3s restarts with them, pods keep running)',
      'after shipping, at e-a, e-b and w-a: restart its pods, node by node (they keep addresses of a retiring pool)',
    ],
  ],
  [
    'the first password of a router',
    router('e1', { password: { secret: { name: 'bgp-e1', key: 'password' }, file: '/etc/bird/e1.conf' } }),
    [
      'before the merge, at e1: set up its account again (the account is tied to its folder and password file: docs/ship-access.md)',
      'before the merge, at e1: create the Secret with its password in the cluster (Calico peers without a password if the Secret is missing: docs/rotate-a-password.md)',
    ],
  ],
  ['another name of a router', renamed('e1', 'edge-1'), []],
  [
    'another router ID, which stands in bird.conf and in nothing that is rendered',
    router('e1', { routerId: '10.0.0.11' }),
    [
      'after the merge, at e1: set INTRA_ROUTER_ID to 10.0.0.11 in its own bird.conf, and reconfigure it (noencap renders only the sessions)',
    ],
  ],
  [
    'another AS number',
    redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6, asNumber: 64999 } }),
    [
      'after the merge, at e1, e2 and w1: set K3S_AS to 64999 in its own bird.conf, and reconfigure it (noencap renders only the sessions)',
    ],
  ],
  [
    'another form of a loopback',
    router('e1', { loopback: 'e1' }),
    [
      'after the merge, at e1: announce its loopback with ospf_metric1 (E1) in its own bird.conf, and reconfigure it (noencap renders only the sessions)',
    ],
  ],
  [
    'BFD',
    router('e1', { bfd: true }),
    [
      'after the merge, at e1: add a protocol bfd in its own bird.conf, and reconfigure it (noencap renders only the sessions)',
    ],
  ],
  [
    'a smaller MTU of one interface',
    segment('core', { memberMtu: { e1: 1400 } }),
    [
      'after the merge, at e1: set the MTU of its interface on core to 1400 (noencap configures no interface)',
    ],
  ],
])('%s: what people do', (_, head, expected) => {
  expect(told(base, head)).toEqual(expected);
});

test('a node without the IGP gets a default route first, and stops OSPF when the routers know', () => {
  expect(told(node('w-a', { igp: true }), base)).toEqual([
    'before the merge, at w-a: point its default route at w1 (noencap does not set it)',
    'after the merge, at w-a: stop OSPF on it (the topology no longer runs the IGP on it)',
  ]);
});

test("a gateway's routes come before the merge, and go after it", () => {
  const lan = base.underlay?.segments['east-lan'];
  const through = (to: string): TopologyInput => ({
    ...segment('east-lan', { members: { ...lan?.members, switch: '192.168.1.9' } }),
    hosts: { switch: { forwards: true, routes: [{ to, via: '192.168.1.1' }] } },
  });
  expect(told(through('10.42.0.0/16'), through('10.42.0.0/17'))).toEqual([
    'before the merge, at switch: add the route 10.42.0.0/17 via 192.168.1.1 (noencap configures no gateway)',
    'after the merge, at switch: remove the route 10.42.0.0/16 via 192.168.1.1 (noencap configures no gateway)',
  ]);
});

test('with many changes at once each step is done once, and in order of dependency', () => {
  const lan = base.underlay?.segments['east-lan'];
  const head: TopologyInput = {
    ...node('e-b', { address: '192.168.1.99' }),
    pods: { ...base.pods, mtu: 1300 },
    k3s: { version: 'v1.34.9+k3s1' },
    regions: {
      ...base.regions,
      east: { routers: ['e1', 'e2'], registryMirrors: { 'docker.io': ['https://mirror.example'] } },
    },
    underlay: {
      segments: {
        ...base.underlay?.segments,
        'east-lan': { ...lan, members: { ...lan?.members, 'e-b': '192.168.1.99' } } as never,
      },
    },
  };
  expect(told(base, head)).toEqual([
    'before the merge, at e-b: drain it (its pods lose their network)',
    'after the merge, at e-a, e-b and w-a: wait until calico-node is replaced on every node, and ship nothing until then (the operator restarts it node by node, and its sessions with it)',
    expect.stringMatching(/^after shipping, at e-b: give it 192\.168\.1\.99, take \S+ off \(/),
    'after shipping, at e-a: run install.sh (its own files change: K3s restarts with them, pods keep running)',
    'after shipping, at e-b and w-a: run install.sh (its own files change: K3s restarts with them, pods keep running)',
    'after shipping, at e-a, e-b and w-a: restart its pods, node by node (they keep the MTU they were created with)',
  ]);
});

test('a node with a new address is drained, gets it when the routers know it, and then its files', () => {
  const lan = base.underlay?.segments['east-lan'];
  const head: TopologyInput = {
    ...node('e-b', { address: '192.168.1.99' }),
    underlay: {
      segments: {
        ...base.underlay?.segments,
        'east-lan': { ...lan, members: { ...lan?.members, 'e-b': '192.168.1.99' } } as never,
      },
    },
  };
  expect(told(base, head)).toEqual([
    'before the merge, at e-b: drain it (its pods lose their network)',
    expect.stringMatching(/^after shipping, at e-b: give it 192\.168\.1\.99, take 192\.168\.1\.\d+ off \(/),
    expect.stringMatching(/^after shipping, at e-b: run install\.sh \(/),
  ]);
});

test('a new router is registered before, and a removed one is stopped after', () => {
  const { e2, ...others } = base.routers ?? {};
  const text = JSON.stringify({
    ...base,
    routers: others,
    regions: { ...base.regions, east: { routers: ['e1'] } },
  });
  const without: TopologyInput = JSON.parse(text, (key, value) => (key === 'e2' ? undefined : value));
  expect(e2).toBeDefined();
  expect(told(without, base).slice(0, 1)).toEqual([
    'before the merge, at e2: set up its account, and pin its host key in known_hosts (nothing has been delivered there yet: docs/ship-access.md)',
  ]);
  expect(told(base, without).slice(-1)).toEqual([
    'after shipping, at e2: stop BIRD, or remove the include of k3s/ibgp.conf (ship delivers only to routers in the topology: docs/replace-a-router.md)',
  ]);
});
