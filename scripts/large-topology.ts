import type { TopologyInput } from '../topology/index.ts';

/** The size of a generated network. Up to 200 regions, with up to 250 nodes each; up to 100 with any number. */
export interface Size {
  readonly regions: number;
  readonly nodes: number;
  /** Reflectors per region, 1 or 2. */
  readonly reflectors: number;
}

/**
 * A network of any size for benchmarks: regions with a LAN each, their routers on one backbone segment with loopback
 * backbone addresses. Same size, same topology.
 */
export function largeTopology({ regions, nodes, reflectors }: Size): TopologyInput {
  const regionNames = Array.from({ length: regions }, (_, index) => `region-${index + 1}`);
  const routerName = (region: number, reflector: number) => `r${region + 1}-${'ab'[reflector]}`;
  const isWide = nodes > 250 * regions;
  const lan = (region: number, host: number) =>
    isWide
      ? `10.${100 + region}.${host >> 8}.${host & 255}`
      : `10.${100 + Math.floor(region / 100)}.${region % 100}.${host}`;
  const routers: TopologyInput['routers'] = {};
  const nodesOut: TopologyInput['nodes'] = {};
  const segments: NonNullable<TopologyInput['underlay']>['segments'] = {};
  const backbone: Record<string, string> = {};

  for (const [index, region] of regionNames.entries()) {
    const members: Record<string, string> = {};
    for (let reflector = 0; reflector < reflectors; reflector++) {
      const name = routerName(index, reflector);
      routers[name] = {
        routerId: lan(index, 1 + reflector),
        nodeAddress: lan(index, 1 + reflector),
        backboneAddress: `10.255.${index}.${1 + reflector}`,
      };
      members[name] = lan(index, 1 + reflector);
      backbone[name] = `10.254.${index}.${1 + reflector}`;
    }
    for (let node = index; node < nodes; node += regions) {
      const name = `node-${node + 1}`;
      const address = lan(index, 4 + Math.floor(node / regions));
      nodesOut[name] = { region, role: node === 0 ? 'server' : 'agent', address };
      members[name] = address;
    }
    segments[`lan-${index + 1}`] = { cidr: `${lan(index, 0)}/${isWide ? 16 : 24}`, mtu: 1500, members };
  }
  segments.backbone = { cidr: '10.254.0.0/16', mtu: 1420, members: backbone };

  return {
    version: 1,
    name: 'large',
    bgp: { asNumber: 64512, nodeToNodeMesh: false },
    pods: { cidrs: ['172.16.0.0/12'], mtu: 'auto' },
    services: { cidrs: ['192.168.0.0/16'] },
    calico: { version: 'v3.32.1' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: {
      engine: 'argocd',
      repoURL: 'https://github.com/example/large.git',
      targetRevision: 'main',
    },
    regions: Object.fromEntries(
      regionNames.map((name, index) => [
        name,
        { routers: Array.from({ length: reflectors }, (_, reflector) => routerName(index, reflector)) },
      ]),
    ),
    routers,
    nodes: nodesOut,
    underlay: { segments },
  };
}
