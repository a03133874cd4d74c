import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { TopologyInput } from '../../topology/index.ts';
import { redundant, report } from '../lab/topologies.ts';
import { type Change, changes } from './changes.ts';

/** A change of a cluster that dyff has also compared: `dyff/<name>.before.yaml` and `.after.yaml` hold both sides. */
export interface DyffCase {
  readonly name: string;
  /** Undefined if both sides were written by hand. */
  readonly between: readonly [TopologyInput, TopologyInput] | undefined;
}

const full = (): TopologyInput => parse(readFileSync('test/cli/full-topology.yaml', 'utf8')) as TopologyInput;

const known = (name: string): Change => {
  const found = changes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no change is called ${name}`);
  return found;
};

const calico = (base: TopologyInput, change: Partial<TopologyInput['calico']>): TopologyInput => ({
  ...base,
  calico: { ...base.calico, ...change },
});

type Rules = NonNullable<NonNullable<TopologyInput['calico']['filters']>[string]['import']>;

const [internal, others, unmatched]: Rules = [
  { action: 'Accept', match: { cidr: '10.42.0.0/16', operator: 'In' } },
  { action: 'Reject', match: { cidr: '10.0.0.0/8', operator: 'In' }, source: 'RemotePeers' },
  { action: 'Reject' },
];

const filter = (rules: Rules): TopologyInput =>
  calico(redundant(), { filters: { guard: { routers: ['e1'], import: rules, export: rules } } });

const moved = (): TopologyInput => {
  const base = report();
  const node = { ...base.nodes?.['kubenode-wds-1'], region: 'Global' };
  return { ...base, nodes: { ...base.nodes, 'kubenode-wds-1': node as never } };
};

const north = (): TopologyInput => {
  const base = redundant();
  return {
    ...base,
    regions: { ...base.regions, north: { router: 'n1' } },
    routers: { ...base.routers, n1: { routerId: '10.0.0.4', nodeAddress: '192.168.3.1' } },
    nodes: { ...base.nodes, 'n-a': { region: 'north', role: 'agent', address: '192.168.3.11' } },
  };
};

const secondReflector = (): TopologyInput => {
  const base = redundant();
  return {
    ...base,
    regions: { ...base.regions, west: { routers: ['w1', 'w2'] } },
    routers: { ...base.routers, w2: { routerId: '10.0.0.4', nodeAddress: '192.168.2.2' } },
  };
};

const password = (): TopologyInput => {
  const base = redundant();
  const secret = { file: '/etc/bird-secrets/k3s.conf', secret: { name: 'bgp', key: 'w1' } };
  return { ...base, routers: { ...base.routers, w1: { ...base.routers.w1, password: secret } as never } };
};

const added = known('a node that comes');

const rendered: Readonly<Record<string, readonly [TopologyInput, TopologyInput]>> = {
  'as-number': [known('another AS number').base, known('another AS number').head],
  'calico-upgraded': [redundant(), calico(redundant(), { version: 'v3.32.1' })],
  'calico-v3-api': [
    calico(redundant(), { version: 'v3.32.1' }),
    calico(redundant(), { version: 'v3.32.1', api: 'projectcalico.org/v3' }),
  ],
  'filter-added': [redundant(), filter([internal, others] as Rules)],
  'filter-order': [
    filter([internal, others, unmatched] as Rules),
    filter([others, internal, unmatched] as Rules),
  ],
  'filter-rules': [filter([internal, unmatched] as Rules), filter([others, internal] as Rules)],
  'labels-by-cron': [redundant(), { ...redundant(), labels: { reconcile: 'cron' } }],
  'labels-image': [
    full(),
    { ...full(), labels: { ...full().labels, image: 'registry.example/kubectl:v1.35.1' } },
  ],
  'mesh-off': [known('no mesh').base, known('no mesh').head],
  'node-added': [added.base, added.head],
  'node-address': [full(), calico(full(), { nodeAddress: { interface: 'eth0' } })],
  'node-moved': [report(), moved()],
  'node-removed': [added.head, added.base],
  password: [redundant(), password()],
  'pod-network': [
    redundant(),
    { ...redundant(), pods: { cidrs: ['10.44.0.0/16'], blockSize: 25, natOutgoing: false, mtu: 1380 } },
  ],
  'pull-secrets': [
    full(),
    calico(full(), { registry: 'mirror.example', imagePullSecrets: ['mirror', 'pull'] }),
  ],
  'reflector-added': [redundant(), secondReflector()],
  'region-added': [redundant(), north()],
};

/** Order that does not matter, order that does, and values of every kind: no topology has them all. */
const written = ['order-only', 'order-and-changes', 'order-that-matters', 'values'];

export const dyffCases: readonly DyffCase[] = [
  ...Object.entries(rendered).map(([name, between]) => ({ name, between })),
  ...written.map((name) => ({ name, between: undefined })),
];
