import { kernelRoutes } from '../../../live/routers/kernel-routes.ts';

test('routes as iproute2 and busybox print them', () => {
  const text = `10.42.0.0/26 via 192.168.1.11 dev eth0 proto bird metric 32
10.42.0.64/26 proto bird metric 32
	nexthop via 192.168.1.12 dev eth0 weight 1
	nexthop via inet6 fe80::1 dev wg0 weight 1
blackhole 10.42.1.0/26 proto bird
unreachable 10.42.2.0/26 dev lo table 100 proto static
10.42.3.1 dev cali123 scope link
local 10.42.3.2 dev lo table local proto kernel scope host src 10.42.3.2
10.42.4.0/26 via inet6 fd00::1 dev eth1 proto bird
fd00:42::/122 via fe80::2 dev eth1 proto bird metric 32 pref medium
fd00:43::5 dev cali456 metric 1024 pref medium`;
  expect(kernelRoutes(text.split('\n'))).toEqual([
    { prefix: '10.42.0.0/26', type: 'unicast', hops: [{ via: '192.168.1.11', dev: 'eth0' }] },
    {
      prefix: '10.42.0.64/26',
      type: 'unicast',
      hops: [
        { via: '192.168.1.12', dev: 'eth0' },
        { via: 'fe80::1', dev: 'wg0' },
      ],
    },
    { prefix: '10.42.1.0/26', type: 'blackhole', hops: [] },
    { prefix: '10.42.2.0/26', type: 'unreachable', hops: [{ via: undefined, dev: 'lo' }] },
    { prefix: '10.42.3.1/32', type: 'unicast', hops: [{ via: undefined, dev: 'cali123' }] },
    { prefix: '10.42.3.2/32', type: 'local', hops: [{ via: undefined, dev: 'lo' }] },
    { prefix: '10.42.4.0/26', type: 'unicast', hops: [{ via: 'fd00::1', dev: 'eth1' }] },
    { prefix: 'fd00:42::/122', type: 'unicast', hops: [{ via: 'fe80::2', dev: 'eth1' }] },
    { prefix: 'fd00:43::5/128', type: 'unicast', hops: [{ via: undefined, dev: 'cali456' }] },
  ]);
});

test('what is no route is none', () => {
  expect(
    kernelRoutes([
      '',
      'Error: argument "x" is wrong',
      '\tnexthop via 1.2.3.4 dev eth0',
      'default via 10.0.0.1 dev eth0',
    ]),
  ).toEqual([]);
});
