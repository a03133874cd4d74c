import { addressToExpect, asCalicoHasIt, detectedAddresses } from '../../fabric/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { firstFound } from './networks.ts';

type Method = NonNullable<TopologyInput['calico']['nodeAddress']>;

/** The addresses that Calico may choose on node `a`, which has 192.168.1.11 on mgmt, 10.9.0.11 on zt and more from `own`; and the expected one. */
function onA(nodeAddress: Method | undefined, own: object = {}, segments: object = {}) {
  const topology = firstFound(nodeAddress);
  topology.nodes = { ...topology.nodes, a: { region: 'home', role: 'server', address: ZT, ...own } };
  topology.underlay = { segments: { ...topology.underlay?.segments, ...segments } };
  const found = detectedAddresses(fabricOf(topology)).find(({ node }) => node.name === 'a');
  if (found === undefined) throw new Error('a is not there');
  const { may, mayFail } = found;
  return { may: may.map(({ text }) => text).sort(), mayFail, lab: addressToExpect(found)?.text };
}

const MGMT = '192.168.1.11';
const ZT = '10.9.0.11';
const LO = '10.77.0.1';
const right = { may: [ZT], mayFail: false, lab: ZT };
const wrong = { may: [MGMT], mayFail: false, lab: MGMT };
const either = { may: [ZT, MGMT], mayFail: false, lab: MGMT };
const none = { may: [], mayFail: true, lab: undefined };
const names = (mgmt: string, zt: string) => ({ interfaces: { mgmt, zt } });

test.each<[string, Method | undefined, object, ReturnType<typeof onA>]>([
  ['by default the node-ip that noencap writes', undefined, {}, right],
  ['firstFound: of two interfaces nobody knows which', 'firstFound', {}, either],
  ['firstFound skips bridges, veths and dummies', 'firstFound', names('virbr0', 'zt7nnig'), right],
  ['firstFound skips the dummy that has the right one', 'firstFound', names('eth0', 'dummy0'), wrong],
  ['firstFound skips bridges of container engines', 'firstFound', names('podman0', 'eth0'), right],
  ['firstFound skips a bridge that is called br-something', 'firstFound', names('br-lan', 'eth0'), right],
  ['firstFound skips it where it has the right one', 'firstFound', names('eth0', 'br-zt'), wrong],
  ['firstFound takes a bridge that is called br0', 'firstFound', names('br0', 'eth0'), either],
  ['firstFound skips whatever begins with lo', 'firstFound', names('eth0', 'lowpan0'), wrong],
  ['firstFound does not skip a name with veth inside', 'firstFound', names('ibmveth0', 'eth1'), either],
  ['firstFound finds nothing', 'firstFound', names('cni0', 'docker0'), none],
  ['an interface that is meant', { interface: '^zt' }, names('eth0', 'zt7nnig'), right],
  [
    'the interface that is named has the other address',
    { interface: 'eth0' },
    names('eth0', 'zt7nnig'),
    wrong,
  ],
  ['a pattern that matches two', { interface: 'eth' }, names('eth0', 'eth1'), either],
  ['a part of the name is enough', { interface: 'eth1' }, names('eth10', 'eth1'), either],
  ['patterns with commas', { interface: 'wlan0, ^eth1$' }, names('eth10', 'eth1'), right],
  ['spaces at the ends of patterns stay', { interface: ' eth1' }, names('eth0', 'eth1'), none],
  ['an empty pattern matches all', { interface: 'eth1,' }, names('eth0', 'eth1'), either],
  ['an empty pattern skips all', { skipInterface: 'eth0,' }, names('eth0', 'eth1'), none],
  ['a class of characters', { interface: '^eth[1-9]$' }, names('eth0', 'eth1'), right],
  ['an address label is no name', { interface: '^eth1$' }, names('eth0', 'eth1:1'), right],
  ['two addresses of one interface', { interface: 'eth0' }, names('eth0', 'eth0:1'), either],
  ['a bridge is skipped too', { skipInterface: 'eth0' }, names('eth0', 'br-zt'), none],
  ['a bridge that is named counts', { interface: '^br-' }, names('eth0', 'br-zt'), right],
  ['no name of an interface is known', { interface: 'eth1' }, {}, { ...either, mayFail: true }],
  ['an interface that is skipped', { skipInterface: '^eth0$' }, names('eth0', 'eth1'), right],
  ['skipping one of three leaves two', { skipInterface: 'wlan' }, names('eth0', 'eth1'), either],
  ['skipping by names that nobody knows', { skipInterface: 'eth0' }, {}, { ...either, mayFail: true }],
  ['one range', { cidrs: ['10.9.0.0/24'] }, {}, right],
  ['the order of ranges means nothing', { cidrs: ['10.9.0.0/24', '192.168.1.0/24'] }, {}, either],
  ['a destination on the segment', { canReach: '10.9.0.200' }, {}, right],
  ['a destination on the other segment', { canReach: '192.168.1.1' }, {}, wrong],
  ['a destination that is the node itself', { canReach: ZT }, {}, right],
  ['a destination by name', { canReach: 'gw.example.org' }, {}, { ...either, mayFail: true }],
])('%s', (_, method, own, expected) => {
  expect(onA(method, own)).toEqual(expected);
});

test('a remote destination uses the default route, with the address on its segment as source', () => {
  const { may, mayFail } = onA({ canReach: '192.0.2.1' });
  expect({ may: may.length, mayFail }).toEqual({ may: 1, mayFail: false });
});

test('a node with the IGP uses the route to the owner of the destination, and has none to an unknown machine', () => {
  expect(onA({ canReach: '10.255.0.9' }, { igp: true }, FAR)).toEqual(right);
  expect(onA({ canReach: '192.0.2.1' }, { igp: true }, FAR)).toEqual({ ...either, mayFail: true });
});

/** A router behind gw, reaching zt only over gw's cheap segment. */
const FAR = {
  mgmt: { cidr: '192.168.1.0/24', mtu: 1500, cost: 900, members: { gw: '192.168.1.1', a: MGMT } },
  far: { cidr: '10.255.0.8/30', mtu: 1500, members: { gw: '10.255.0.10', tyo: '10.255.0.9' } },
};

test('an off-segment address: never found on lo, perhaps on an undescribed interface', () => {
  const own = { address: LO };
  expect(onA('kubernetes', own)).toEqual({ may: [LO], mayFail: false, lab: LO });
  expect(onA('firstFound', own)).toEqual({ may: [LO, ZT, MGMT].sort(), mayFail: false, lab: LO });
  expect(onA({ cidrs: ['10.77.0.0/16', '10.9.0.12/32'] }, own)).toEqual({
    may: [LO],
    mayFail: false,
    lab: LO,
  });
  expect(onA({ canReach: '10.9.0.1' }, own)).toEqual(right);
  expect(onA({ interface: 'eth0' }, { ...own, ...names('eth1', 'zt0') })).toEqual({
    may: [LO],
    mayFail: true,
    lab: LO,
  });
});

test('a third interface is another candidate', () => {
  const oob = { oob: { cidr: '172.31.0.0/24', mtu: 1500, members: { a: '172.31.0.11', gw: '172.31.0.1' } } };
  expect(onA('firstFound', {}, oob).may).toEqual([ZT, '172.31.0.11', MGMT]);
  expect(onA({ interface: '^eth' }, { interfaces: { mgmt: 'eth0', zt: 'zt0', oob: 'eth1' } }, oob)).toEqual({
    may: ['172.31.0.11', MGMT],
    mayFail: false,
    lab: MGMT,
  });
});

test('each family has its own answer', () => {
  const topology = firstFound('firstFound');
  const mgmt = { ipv4: '192.168.1.0/24' };
  topology.pods = { cidrs: ['10.42.0.0/16', 'fd42::/48'] };
  topology.services = { cidrs: ['10.43.0.0/16', 'fd43::/112'] };
  topology.routers = { gw: { routerId: '10.9.0.1', nodeAddress: { ipv4: '10.9.0.1', ipv6: 'fd09::1' } } };
  topology.nodes = {
    a: { region: 'home', role: 'server', address: { ipv4: ZT, ipv6: 'fd09::11' } },
    b: { region: 'home', role: 'agent', address: { ipv4: '10.9.0.12', ipv6: 'fd09::12' } },
  };
  topology.underlay = {
    segments: {
      mgmt: { cidr: mgmt, mtu: 1500, members: { gw: '192.168.1.1', a: MGMT } },
      zt: {
        cidr: { ipv4: '10.9.0.0/24', ipv6: 'fd09::/64' },
        mtu: 1500,
        members: {
          gw: { ipv4: '10.9.0.1', ipv6: 'fd09::1' },
          a: { ipv4: ZT, ipv6: 'fd09::11' },
          b: { ipv4: '10.9.0.12', ipv6: 'fd09::12' },
        },
      },
    },
  };
  const found = detectedAddresses(fabricOf(topology)).map(
    ({ node, may }) => `${node.name}: ${may.map(({ text }) => text).join(' or ')}`,
  );
  expect(found).toEqual([`a: ${MGMT} or ${ZT}`, 'a: fd09::11', 'b: 10.9.0.12', 'b: fd09::12']);
});

test("the sessions of a node start from the address that Calico detects; the routers' end stays the same", () => {
  const fabric = fabricOf(firstFound({ canReach: '192.168.1.1' }));
  const [session] = asCalicoHasIt(fabric).sessions;
  expect(session?.ends.map(({ address }) => address.text)).toEqual(['10.9.0.1', MGMT]);
  expect(fabric.sessions[0]?.ends[1].address.text).toBe(ZT);
  const right = fabricOf(firstFound('kubernetes'));
  expect(asCalicoHasIt(right)).toBe(right);
});
