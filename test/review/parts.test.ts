import { partChanges } from '../../review/parts.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

const told = (base: TopologyInput, head: TopologyInput): string[] =>
  partChanges(fabricOf(base), fabricOf(head)).flatMap(({ kind, name, change, details }) => [
    `${change} ${kind} ${name}`,
    ...details.map((one) => `  ${one}`),
  ]);

const base = redundant();

test('a network does not differ from itself', () => {
  expect(told(base, redundant())).toEqual([]);
});

test('settings of the network come first, each as it was and as it is', () => {
  const head = redundant({ bgp: { nodeToNodeMesh: true, holdTime: 9, reflectorNextHop: 'self' } });
  expect(told(base, head)).toEqual([
    'changed network redundant',
    "  Calico's mesh off -> on",
    '  next hop of reflectors keep -> self',
    '  hold time 6 s -> 9 s',
  ]);
});

test('for a new node only its segment changes', () => {
  const lan = base.underlay?.segments['east-lan'];
  const head = redundant({
    nodes: { ...base.nodes, 'e-c': { region: 'east', role: 'agent', address: '192.168.1.13' } },
    underlay: {
      segments: {
        ...base.underlay?.segments,
        'east-lan': { ...lan, members: { ...lan?.members, 'e-c': '192.168.1.13' } } as never,
      },
    },
  });
  expect(told(base, head)).toEqual([
    'added node e-c',
    'changed segment east-lan',
    '  members + e-c 192.168.1.13',
  ]);
  expect(told(head, base)).toEqual([
    'removed node e-c',
    'changed segment east-lan',
    '  members - e-c 192.168.1.13',
  ]);
});

test('a host is shown with whether it forwards, and its routes', () => {
  const routes = [{ to: '10.42.0.0/16', via: '192.168.1.1' }];
  const lan = base.underlay?.segments['east-lan'];
  const members = { ...lan?.members, switch: '192.168.1.9' };
  const segments = { ...base.underlay?.segments, 'east-lan': { ...lan, members } as never };
  const withHost = (host: object) => redundant({ hosts: { switch: host }, underlay: { segments } });
  expect(told(withHost({}), withHost({ forwards: true, routes, default: '192.168.1.2' }))).toEqual([
    'changed host switch',
    '  forwards no -> yes',
    '  routes + 10.42.0.0/16 via 192.168.1.1',
    '  routes + 0.0.0.0/0 via 192.168.1.2',
  ]);
});

test('the order of reflectors is shown if nothing else changes: the first one is the default router', () => {
  const head = redundant({ regions: { east: { routers: ['e2', 'e1'] }, west: { router: 'w1' } } });
  expect(told(base, head)).toEqual([
    'changed region east',
    '  routers e1, e2 -> e2, e1',
    'changed node e-a',
    '  default router e1 -> e2',
    'changed node e-b',
    '  default router e1 -> e2',
  ]);
});

test('a router is described by its own settings, not by those of the whole fabric', () => {
  const alone = redundant({
    routers: {
      ...base.routers,
      e1: { ...base.routers.e1, loopback: 'e1', reflectorNextHop: 'self' } as never,
    },
  });
  expect(told(base, alone)).toEqual([
    'changed router e1',
    "  next hop the fabric's -> self",
    '  loopback announced as stub -> e1',
  ]);
});

test('what is accepted is shown', () => {
  const suppress = [{ id: 'NE203', where: 'routers.e1', reason: 'one office' }];
  expect(told(base, redundant({ checks: { suppress } }))).toEqual([
    'changed network redundant',
    '  suppressed findings + NE203 at routers.e1',
  ]);
});

test('a password is shown by where it is kept', () => {
  const password = { file: '/etc/bird/k3s.password', secret: { name: 'bgp', key: 'east' } };
  const head = redundant({ routers: { ...base.routers, e1: { ...base.routers?.e1, password } as never } });
  expect(told(base, head)).toEqual([
    'changed router e1',
    '  password from none -> /etc/bird/k3s.password, Secret bgp/east',
  ]);
});
