import type { BgpRoute } from '../../bird/answers/routes.ts';
import { type KernelRoute, type PodRoutes, type Verdict, verifyRouters } from '../../verify/index.ts';
import { counting, states } from '../bird/answers/protocols.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { facts, looked, lost } from './facts.ts';

const topology = redundant();
const nodes = topology.nodes as Record<string, object>;
const BLOCK = '10.42.1.0/26';
/** The topology names the block of e-a. */
const fabric = fabricOf({ ...topology, nodes: { ...nodes, 'e-a': { ...nodes['e-a'], block: BLOCK } } });

const E_A = { via: '192.168.1.11', dev: 'eth0' };
const E_B = { via: '192.168.1.12', dev: 'eth0' };
const W1 = { via: '172.16.0.3', dev: 'eth1' };

const route = (change: Partial<BgpRoute> = {}): BgpRoute => ({
  prefix: BLOCK,
  protocol: 'k3s_e_a_v4',
  isBest: true,
  kind: 'unicast',
  hops: [E_A],
  ...change,
});

const inKernel = (change: Partial<KernelRoute> = {}): KernelRoute => ({
  prefix: BLOCK,
  type: 'unicast',
  hops: [E_A],
  ...change,
});

/** A /26 as two /27. */
function halves(block: string): string[] {
  const [, net = '', last = ''] = /^(.*\.)(\d+)\/26$/.exec(block) ?? [];
  return [`${net}${last}/27`, `${net}${Number(last) + 32}/27`];
}

const seen = (pods: Partial<PodRoutes>, more: Parameters<typeof facts>[0] = {}): Verdict[] =>
  verifyRouters(fabric, [
    looked(
      'e1',
      facts({
        pods: {
          routes: [route()],
          kernel: [inKernel()],
          noKernel: undefined,
          updates: new Map(),
          rpFilters: new Map(),
          allowedIPs: new Map(),
          ...pods,
        },
        ...more,
      }),
    ),
  ]).filter(({ is, kind }) => is !== 'as-promised' || kind === 'route');

test('a route of BIRD that the kernel has, to the node itself', () => {
  expect(seen({})).toEqual([
    expect.objectContaining({
      is: 'as-promised',
      about: { kind: 'route', name: BLOCK, machine: 'e1' },
      found: '192.168.1.11 on eth0 (e-a)',
    }),
  ]);
});

test('equal routes of BIRD are one of the kernel', () => {
  const other = route({ prefix: '10.42.9.0/26', protocol: 'k3s_backbone_w1_v4', hops: [W1] });
  const equal = route({ prefix: '10.42.9.0/26', protocol: 'k3s_backbone_e2_v4', isBest: false, hops: [E_B] });
  const kernel = [inKernel(), inKernel({ prefix: '10.42.9.0/26', hops: [W1, E_B] })];
  expect(seen({ routes: [route(), other, equal], kernel }).map(({ is }) => is)).toEqual([
    'as-promised',
    'as-promised',
  ]);
});

test.each<[string, Partial<PodRoutes>, Partial<Verdict>]>([
  [
    'that the kernel does not have',
    { kernel: [] },
    { kind: 'kernel-route-missing', found: 'no route in the kernel' },
  ],
  [
    'that the kernel drops',
    { kernel: [inKernel({ type: 'blackhole', hops: [] })] },
    { kind: 'kernel-route-missing', found: 'blackhole in the kernel' },
  ],
  [
    'that the kernel has from somebody else',
    { kernel: [inKernel({ hops: [W1] })] },
    {
      kind: 'kernel-next-hop',
      expected: '192.168.1.11 on eth0 (e-a)',
      found: '172.16.0.3 on eth1 (w1)',
      next: `ssh e1 ip route show ${BLOCK}`,
    },
  ],
  [
    'that leads to another machine than the node',
    { routes: [route({ hops: [W1] })], kernel: [inKernel({ hops: [W1] })] },
    { kind: 'route-next-hop', expected: 'through e-a to e-a', found: '172.16.0.3 on eth1 (w1)' },
  ],
  [
    'that is not there',
    { routes: [], kernel: [] },
    {
      kind: 'route-missing',
      expected: 'through e-a to e-a',
      next: `ssh e1 birdc show route for ${BLOCK} all`,
    },
  ],
  [
    'into the pool that BIRD does not have',
    { kernel: [inKernel(), inKernel({ prefix: '10.42.7.0/26', hops: [W1] })] },
    { kind: 'kernel-route-unexpected', found: '172.16.0.3 on eth1' },
  ],
  [
    'over an interface with strict filtering',
    {
      rpFilters: new Map([
        ['eth0', '1'],
        ['eth7', '1'],
        ['eth1', '2'],
      ]),
    },
    { kind: 'rp-filter', about: { kind: 'sysctl', name: 'net.ipv4.conf.eth0.rp_filter', machine: 'e1' } },
  ],
  [
    'over WireGuard without AllowedIPs for it',
    { allowedIPs: new Map([['eth0', ['192.168.0.0/16', '10.42.99.0/24']]]) },
    {
      kind: 'allowed-ips',
      about: { kind: 'interface', name: 'eth0', machine: 'e1' },
      expected: `AllowedIPs with ${BLOCK}`,
      found: '192.168.0.0/16, 10.42.99.0/24',
      next: expect.stringMatching(/^ssh \S+ sudo wg show eth0 allowed-ips$/),
    },
  ],
  [
    'over WireGuard that has a part of it only',
    { allowedIPs: new Map([['eth0', halves(BLOCK).slice(0, 1)]]) },
    { kind: 'allowed-ips' },
  ],
])('a route %s', (_, pods, expected) => {
  const different = seen(pods).filter(({ is }) => is !== 'as-promised');
  expect(different).toHaveLength(1);
  expect(different[0]).toMatchObject({ is: 'different', ...expected });
});

test('through another machine while a session is down, or a router drained: what explains it is named', () => {
  const away = {
    routes: [route({ hops: [W1] })],
    kernel: [inKernel({ hops: [W1] })],
  };
  const protocols = lost(states('e1-whole'), 'k3s_backbone_e2_v4', { state: 'Active' });
  expect(seen(away, { protocols })).toContainEqual(
    expect.objectContaining({
      kind: 'route-next-hop',
      is: 'different',
      cause: { message: 'packets take another way while a session is down', evidence: ['e1--e2/ipv4'] },
    }),
  );
  const drained = { since: '2026-11-30T09:41:46Z', by: 'thomas@desk' };
  expect(seen(away, { drained })).toContainEqual(
    expect.objectContaining({
      kind: 'route',
      is: 'unknown',
      cause: { message: 'traffic is led around e1', evidence: [] },
    }),
  );
});

test.each([
  ['the pool', ['10.42.0.0/16']],
  ['everything', ['0.0.0.0/0', '::/0']],
  ['the block in two halves', halves(BLOCK)],
])('AllowedIPs with %s let its packets through', (_, allowed) => {
  expect(seen({ allowedIPs: new Map([['eth0', allowed]]) }).map(({ is }) => is)).toEqual(['as-promised']);
});

test("WireGuard over which no route to pods leads is nobody's concern", () => {
  expect(seen({ allowedIPs: new Map([['wg7', []]]) }).map(({ is }) => is)).toEqual(['as-promised']);
});

test('the kernel of a router without ip(8) is unknown, and so is one that was not asked', () => {
  const [one] = seen({ kernel: undefined, noKernel: 'this router has no ip' });
  expect(one).toMatchObject({ is: 'unknown', kind: 'route', cause: { message: 'this router has no ip' } });
  const [other] = seen({}, { pods: undefined, noPods: { message: 'it is too late', fix: 'Run it again.' } });
  expect(other).toMatchObject({ is: 'unknown', kind: 'route', cause: { message: 'it is too late' } });
});

test('a block is missing because its session is down', () => {
  const protocols = lost(states('e1-whole'), 'k3s_e_a_v4', { state: 'Connect' });
  expect(seen({ routes: [], kernel: [] }, { protocols }).at(-1)).toMatchObject({
    kind: 'route-missing',
    cause: { message: 'its session with e-a is down', evidence: ['BGP state: Connect'] },
  });
});

test('a filter that drops all that a node announces is named, once', () => {
  const protocols = counting(states('e1-whole'), 'k3s_e_b_v4', { imported: 0, preferred: 0 });
  const updates = new Map([['k3s_e_b_v4 ipv4', { filtered: 2, accepted: 0 }]]);
  expect(seen({ updates }, { protocols }).filter(({ is }) => is !== 'as-promised')).toEqual([
    expect.objectContaining({
      is: 'different',
      kind: 'routes-not-accepted',
      cause: {
        message: 'the import filter of k3s_e_b_v4 drops what comes',
        evidence: ['Import updates: 2 filtered, 0 accepted'],
      },
    }),
  ]);
});

test('a router knows the owner of a block from the reflector that has it from the node', () => {
  const onE1 = route({ prefix: '10.42.5.0/26', protocol: 'k3s_e_b_v4', hops: [E_B] });
  const wrong = [{ via: '192.168.1.11', dev: 'eth0' }];
  const [one] = seen({
    routes: [route(), { ...onE1, hops: wrong }],
    kernel: [inKernel(), inKernel({ prefix: '10.42.5.0/26', hops: wrong })],
  }).filter(({ is }) => is === 'different');
  expect(one).toMatchObject({
    kind: 'route-next-hop',
    expected: 'through e-b to e-b',
    found: '192.168.1.11 on eth0 (e-a)',
  });
});
