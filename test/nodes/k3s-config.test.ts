import { parse } from 'yaml';
import type { TopologyInput } from '../../topology/index.ts';
import { file, network } from './networks.ts';

const config = (node: string, topology: TopologyInput = network()) =>
  parse(file(topology, `${node}/config.yaml`) ?? '');

const CLUSTER = {
  'flannel-backend': 'none',
  'disable-network-policy': true,
  'cluster-cidr': '10.42.0.0/16,fd42::/48',
  'service-cidr': '10.43.0.0/16,fd43::/112',
};

test('the first of several servers starts the cluster with etcd', () => {
  expect(config('first')).toEqual({
    'node-name': 'first',
    'node-ip': '192.168.1.11,fd00:1::11',
    'node-label': ['region=home'],
    'cluster-init': true,
    ...CLUSTER,
  });
});

test('a further server joins it, and agrees on what all servers must agree on', () => {
  expect(config('second')).toEqual({
    'node-name': 'second',
    'node-ip': '192.168.1.12,fd00:1::12',
    'node-label': ['region=home'],
    server: 'https://192.168.1.11:6443',
    'token-file': '/etc/rancher/k3s/noencap.token',
    ...CLUSTER,
  });
});

test('an agent joins, and has none of the flags that only servers know', () => {
  expect(config('agent')).toEqual({
    'node-name': 'agent',
    'node-ip': '192.168.1.13,fd00:1::13',
    'node-label': ['region=cn'],
    server: 'https://192.168.1.11:6443',
    'token-file': '/etc/rancher/k3s/noencap.token',
  });
});

test('a single server needs no etcd', () => {
  const { second: _, ...nodes } = network().nodes ?? {};
  expect(config('first', network({ nodes }))).not.toHaveProperty('cluster-init');
});

test('in an IPv6 cluster the join URL has brackets', () => {
  const only6 = network({
    pods: { cidrs: ['fd42::/48'] },
    services: { cidrs: ['fd43::/112'] },
    routers: { r1: { routerId: '10.0.0.1', nodeAddress: 'fd00:1::1' } },
    nodes: {
      first: { region: 'home', role: 'server', address: 'fd00:1::11' },
      agent: { region: 'cn', role: 'agent', address: 'fd00:1::13' },
    },
  });
  expect(config('agent', only6)).toMatchObject({
    server: 'https://[fd00:1::11]:6443',
    'node-ip': 'fd00:1::13',
  });
});

test.each([
  ['a /16, which has a /24 for each node', '10.42.0.0/16', undefined],
  ['a /25, which has none', '10.42.0.0/25', ['allocate-node-cidrs=false']],
])('the controller manager may allocate node CIDRs from %s', (_, cidr, args) => {
  const only4 = network({
    pods: { cidrs: [cidr], blockSize: 28 },
    services: { cidrs: ['10.43.0.0/16'] },
  });
  expect(config('first', only4)['kube-controller-manager-arg']).toEqual(args);
});

test('an IPv6 pool of more than 2^16 node CIDRs would stop the controller manager', () => {
  const large = network({ pods: { cidrs: ['10.42.0.0/16', 'fd42::/32'] } });
  expect(config('first', large)['kube-controller-manager-arg']).toEqual(['allocate-node-cidrs=false']);
});

test('after pods have moved, the cluster keeps its original range, and kube-proxy recognises pods by their interface', () => {
  const moved = network({
    pods: { cidrs: ['10.44.0.0/16', 'fd42::/48'] },
    k3s: { version: 'v1.34.5+k3s1', firstServer: 'first', clusterCidrs: ['10.42.0.0/16', 'fd42::/48'] },
  });
  const byInterface = ['detect-local-mode=InterfaceNamePrefix', 'pod-interface-name-prefix=cali'];
  expect(config('first', moved)).toMatchObject({ ...CLUSTER, 'kube-proxy-arg': byInterface });
  expect(config('agent', moved)).toMatchObject({ 'kube-proxy-arg': byInterface });
  expect(config('agent', moved)).not.toHaveProperty('cluster-cidr');
});

test('registries.yaml has the mirrors of the region, in their order; other regions have no such file', () => {
  expect(parse(file(network(), 'agent/registries.yaml') ?? '')).toEqual({
    mirrors: {
      '*': { endpoint: ['http://c.example:5000'] },
      'docker.io': { endpoint: ['https://a.example', 'https://b.example/v2'] },
    },
  });
  expect(file(network(), 'first/registries.yaml')).toBeUndefined();
});

test('only the first server gets the manifests of the pod network', () => {
  expect(file(network(), 'first/manifests/bgp.yaml')).toBe('kind: BGPPeer\n');
  expect(file(network(), 'second/manifests/bgp.yaml')).toBeUndefined();
});

/**
 * K3s reads its configuration by YAML 1.1, in which `on`, `1:30` and `0x10` are not text. Every key is a flag of
 * `k3s server` or `k3s agent` (docs.k3s.io/cli).
 */
test.each(['first', 'second', 'agent'])('%s: both YAMLs read the same, and K3s knows every key', (node) => {
  const odd = network({ regionLabel: 'on', regions: { ...network().regions, off: { router: 'r1' } } });
  const nodes = { ...odd.nodes, [node]: { ...odd.nodes?.[node], region: 'off' } } as TopologyInput['nodes'];
  const text = file({ ...odd, nodes }, `${node}/config.yaml`) ?? '';
  expect(parse(text, { version: '1.1' })).toEqual(parse(text, { version: '1.2' }));
  expect(parse(text)['node-label']).toEqual(['on=off']);
  const flags = [
    'cluster-cidr',
    'cluster-init',
    'disable-network-policy',
    'flannel-backend',
    'kube-controller-manager-arg',
    'node-ip',
    'node-label',
    'node-name',
    'server',
    'service-cidr',
    'token-file',
  ];
  expect(flags).toEqual(expect.arrayContaining(Object.keys(parse(text))));
});
