import fc from 'fast-check';
import { isUp, protocolStates } from '../../../bird/answers/protocols.ts';
import { recorded, states } from './protocols.ts';

const line = ({ name, type, state, bgp, channels }: ReturnType<typeof states>[number]): string =>
  [
    name,
    type,
    state,
    ...(bgp === undefined ? [] : [bgp.state, bgp.neighbor, ...(bgp.error === '' ? [] : [bgp.error])]),
    ...channels.map((one) => `${one.name} ${one.state} ${one.imported}/${one.exported}/${one.preferred}`),
  ].join(' | ');

test('a router whose sessions are up', () => {
  expect(states('e1-whole').map(line)).toEqual([
    'device1 | Device | up',
    'direct1 | Direct | up | ipv4 UP 3/0/3 | ipv6 UP 0/0/0',
    'kernel_ipv4 | Kernel | up | ipv4 UP 0/6/0',
    'kernel_ipv6 | Kernel | up | ipv6 UP 0/0/0',
    'ospf_ipv4 | OSPF | up | ipv4 UP 5/1/3',
    'k3s_backbone_e2_v4 | BGP | up | Established | 10.0.0.2 | ipv4 UP 2/2/0',
    'k3s_backbone_w1_v4 | BGP | up | Established | 10.0.0.3 | ipv4 UP 1/2/1',
    'k3s_e_a_v4 | BGP | up | Established | 192.168.1.11 | ipv4 UP 1/2/1',
    'k3s_e_b_v4 | BGP | up | Established | 192.168.1.12 | ipv4 UP 1/2/1',
  ]);
  expect(states('e1-whole').every((one) => isUp(one))).toBe(true);
});

test('a session that was lost, and sessions that were never up', () => {
  expect(states('e1-node-down').map(line)).toContain(
    'k3s_e_a_v4 | BGP | start | Connect | 192.168.1.11 | BGP Error: Hold timer expired | ipv4 DOWN 0/0/0',
  );
  expect(states('e1-starting').map(line)).toContain(
    'k3s_e_b_v4 | BGP | start | Active | 192.168.1.12 | ipv4 DOWN 0/0/0',
  );
  expect(
    states('e1-starting')
      .filter((one) => isUp(one))
      .map(({ name }) => name),
  ).toEqual(['device1', 'direct1', 'kernel_ipv4', 'kernel_ipv6', 'ospf_ipv4']);
});

test('IPv6 neighbours are written as in a topology', () => {
  expect(states('gateway-whole').map(line)).toContain(
    'k3s_backbone_global_ns_v4 | BGP | up | Established | fd18:3e15:61d0:cafe:f003::1 | ipv4 UP 1/2/1',
  );
  const [one] = protocolStates(
    '1002-a BGP --- up x y\n1006-  BGP state: Active\n     Neighbor address: FD00:0:0::1%eth0 onlink\n',
  );
  expect(one?.bgp?.neighbor).toBe('fd00::1');
});

test('reply codes are optional', () => {
  const plain = recorded('e1-node-down')
    .split('\n')
    .map((one) => (/^\d{4}-/.test(one) ? one.slice(5) : one.replace(/^ {5}/, '')))
    .join('\n');
  expect(plain).not.toMatch(/^\d{4}-/m);
  expect(protocolStates(plain)).toEqual(states('e1-node-down'));
  expect(protocolStates(recorded('e1-node-down').replace(/\n/g, '\r\n'))).toEqual(states('e1-node-down'));
});

test('BIRD 3 prints more, filtered routes that are kept are counted, and times may have any format', () => {
  const text = `1002-up1       BGP        ---        up     up since 24 Nov 2026 down  Established
1006-  Description:    BGP state: Down
       Created:            24 Nov
       BGP state:          Established
         Neighbor range:   10.0.0.0/8
       Channel ipv4
         State:          UP
         Import state:   UP
         Export state:   READY
         Routes:         7 imported, 3 filtered, 5 exported, 2 preferred
         Route change stats:     received   rejected   filtered    ignored   RX limit   IN limit   accepted
       Channel ipv6-mpls
         State:          START

0000
`;
  expect(protocolStates(text).map(line)).toEqual([
    'up1 | BGP | up | Established |  | ipv4 UP 7/5/2 | ipv6-mpls START 0/0/0',
  ]);
});

test('no answer has no protocols, and a partial answer has those that it contains', () => {
  expect(protocolStates('')).toEqual([]);
  expect(protocolStates('0001 BIRD 2.0.12 ready.\n8007 Access denied\n')).toEqual([]);
  expect(protocolStates('Unable to connect to server control socket (/run/bird/bird.ctl)\n')).toEqual([]);
  fc.assert(
    fc.property(fc.nat(recorded('e1-whole').length), (length) => {
      const whole = states('e1-whole').map(({ name }) => name);
      const names = protocolStates(recorded('e1-whole').slice(0, length)).map(({ name }) => name);
      expect(names).toEqual(whole.slice(0, names.length));
    }),
  );
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => Array.isArray(protocolStates(text))));
});
