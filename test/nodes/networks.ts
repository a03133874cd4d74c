import { nodeFiles } from '../../nodes/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';

/** Two servers and an agent in two regions, one of them behind mirrors; both families. */
export function network(change: Partial<TopologyInput> = {}): TopologyInput {
  const lan = (host: number) => ({ ipv4: `192.168.1.${host}`, ipv6: `fd00:1::${host}` });
  return {
    version: 1,
    name: 'nodes',
    pods: { cidrs: ['10.42.0.0/16', 'fd42::/48'] },
    services: { cidrs: ['10.43.0.0/16', 'fd43::/112'] },
    calico: { version: 'v3.32.1' },
    k3s: { version: 'v1.34.5+k3s1', firstServer: 'first' },
    gitops: { repoURL: 'https://git.example/nodes.git' },
    regions: {
      home: { router: 'r1' },
      cn: {
        router: 'r1',
        k3sMirror: 'cn',
        registryMirrors: {
          'docker.io': ['https://a.example', 'https://b.example/v2'],
          '*': ['http://c.example:5000'],
        },
      },
    },
    routers: { r1: { routerId: '10.0.0.1', nodeAddress: lan(1) } },
    nodes: {
      first: { region: 'home', role: 'server', address: lan(11) },
      second: { region: 'home', role: 'server', address: lan(12) },
      agent: { region: 'cn', role: 'agent', address: lan(13) },
    },
    ...change,
  };
}

/** The manifests that the first server gets, as far as tests need them. */
export const MANIFESTS = new Map([
  ['operator.yaml', 'kind: Deployment\n'],
  ['bgp.yaml', 'kind: BGPPeer\n'],
]);

/** One file of one node. */
export function file(topology: TopologyInput, path: string): string | undefined {
  return nodeFiles(fabricOf(topology), MANIFESTS).get(`nodes/${path}`);
}
