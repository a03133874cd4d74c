import { analyse, findings } from '../../../analysis/index.ts';
import type { TopologyInput } from '../../../topology/index.ts';
import { fabricOf } from '../../fabric-of.ts';
import { chain, home, network, vlans } from '../../scenarios/gateways.ts';

/** What is broken, with its place, its evidence and its fix. */
const errorsOf = (topology: TopologyInput): string[] =>
  findings(analyse(fabricOf(topology)))
    .filter(({ severity }) => severity === 'error')
    .map(({ id, path, message, evidence, fix }) =>
      [`${id} ${path.join('.')}: ${message}`, ...evidence, fix].join('\n  '),
    );

test('an L3 switch without routes to pods is named as the place where their packets end', () => {
  expect(errorsOf(vlans({ igp: true }))).toMatchInlineSnapshot(`
[
  "NE103 hosts.l3switch: packets to pods end at l3switch, which runs no BGP and has no route to 10.42.0.0/26, 10.42.0.64/26, 10.42.0.128/26 and 1 more
  b1 to a1: b1 > l3switch (no route)
  c1 to a1: c1 > l3switch (no route)
  b1 to a2: b1 > l3switch (no route)
  c1 to a2: c1 > l3switch (no route)
  a1 to b1: a1 > l3switch (no route)
  a2 to b1: a2 > l3switch (no route)
  and 4 more
  Give it routes to the blocks (hosts.l3switch.routes), make it a router with a backboneAddress, or route pods around it: another defaultRouter, or a higher cost on its segments.",
]
`);
});

test('nothing is wrong once the switch has a route to each block', () => {
  const routes = [
    { to: '10.42.0.0/26', via: '10.1.0.11' },
    { to: '10.42.0.64/26', via: '10.1.0.12' },
    { to: '10.42.0.128/26', via: '10.2.0.11' },
    { to: '10.42.0.192/26', via: '10.3.0.11' },
  ];
  expect(errorsOf(vlans({ igp: true, routes }))).toEqual([]);
});

test('a route that leads back is a loop at the switch', () => {
  const routes = [{ to: '10.42.0.0/16', via: '10.1.0.5' }];
  expect(errorsOf(vlans({ igp: true, routes }))).toMatchInlineSnapshot(`
[
  "NE102 hosts.l3switch: packets loop between l3switch and rr
  a1 to b1: a1 > l3switch > rr > l3switch (loops)
  a2 to b1: a2 > l3switch > rr > l3switch (loops)
  c1 to b1: c1 > l3switch > rr > l3switch (loops)
  a1 to c1: a1 > l3switch > rr > l3switch (loops)
  a2 to c1: a2 > l3switch > rr > l3switch (loops)
  b1 to c1: b1 > l3switch > rr > l3switch (loops)
  Correct the routes of l3switch: one to each block, via its node or via a machine whose own path to it does not lead back.",
]
`);
});

test('a node whose default router is on none of its segments must name one that is', () => {
  expect(
    errorsOf(network('switch-without-bgp')).filter((one) => !one.startsWith('NE104')),
  ).toMatchInlineSnapshot(`
[
  "NE101 nodes.a1: pods on b1 lose packets to those on a1 and 5 more pairs
  b1 to a1: b1 (no route)
  c1 to a1: c1 (no route)
  b1 to a2: b1 (no route)
  c1 to a2: c1 (no route)
  c1 to b1: c1 (no route)
  b1 to c1: b1 (no route)
  Set its defaultRouter to a forwarding machine on one of its segments: a router, or a host with forwards: true.",
  "NE406 nodes.b1: b1 peers with rr and 2 more, but has no path there
  session b1--rr/ipv4: 10.1.0.5 with 10.2.0.11
  session a1--b1/ipv4: 10.1.0.11 with 10.2.0.11
  session a2--b1/ipv4: 10.1.0.12 with 10.2.0.11
  b1 to 10.1.0.5: b1 (no route)
  Set its defaultRouter to a forwarding machine on one of its segments: a router, or a host with forwards: true.",
  "NE406 nodes.c1: c1 peers with rr and 3 more, but has no path there
  session c1--rr/ipv4: 10.1.0.5 with 10.3.0.11
  session a1--c1/ipv4: 10.1.0.11 with 10.3.0.11
  session a2--c1/ipv4: 10.1.0.12 with 10.3.0.11
  session b1--c1/ipv4: 10.2.0.11 with 10.3.0.11
  c1 to 10.1.0.5: c1 (no route)
  Set its defaultRouter to a forwarding machine on one of its segments: a router, or a host with forwards: true.",
]
`);
});

test('a home router that does not know the other site keeps the mesh down, and loses no pods', () => {
  expect(errorsOf(home({ forwards: true }))).toMatchInlineSnapshot(`
[
  "NE406 nodes.h1: h1 peers with f1, but has no path there
  session f1--h1/ipv4: 10.2.0.11 with 192.168.1.11
  h1 to 10.2.0.11: h1 > fritzbox (no route)
  Give fritzbox the route (hosts.fritzbox.routes), or let it run the IGP (igp: true).",
  "NE406 nodes.h2: h2 peers with f1, but has no path there
  session f1--h2/ipv4: 10.2.0.11 with 192.168.1.12
  h2 to 10.2.0.11: h2 > fritzbox (no route)
  Give fritzbox the route (hosts.fritzbox.routes), or let it run the IGP (igp: true).",
]
`);
  expect(errorsOf(home({ forwards: true, default: '192.168.1.2' }))).toEqual([]);
  expect(errorsOf(home({ forwards: true }, false))).toEqual([]);
});

test('two gateways whose default routes lead to each other are a loop', () => {
  const [g1, g2] = [
    { ipv4: '10.2.0.2', ipv6: 'fd00:2::2' },
    { ipv4: '10.2.0.1', ipv6: 'fd00:2::1' },
  ];
  expect(
    errorsOf(chain({ igp: true, default: g1 }, { igp: true, default: g2 })).filter((one) =>
      one.startsWith('NE102'),
    ),
  ).toMatchInlineSnapshot(`
[
  "NE102 hosts.g1: packets loop between g1 and g2
  w to e: w > g1 > g2 > g1 (loops)
  w to e: w > g1 > g2 > g1 (loops)
  e to w: e > r > g2 > g1 > g2 (loops)
  e to w: e > r > g2 > g1 > g2 (loops)
  Correct the routes of g1: one to each block, via its node or via a machine whose own path to it does not lead back.",
]
`);
});

test('what is behind a gateway without the IGP is unknown to the routers', () => {
  const only = { ipv4: '10.2.0.2', ipv6: 'fd00:2::2' };
  expect(
    errorsOf(chain({ forwards: true, default: only }, { igp: true })).filter((one) =>
      one.startsWith('NE406'),
    ),
  ).toMatchInlineSnapshot(`
[
  "NE406 nodes.w: w peers with r and 1 more, but has no path there
  session r--w/ipv4: 10.4.0.1 with 10.1.0.11
  session r--w/ipv6: fd00:4::1 with fd00:1::11
  r to 10.1.0.11: r (no route)
  Add the segments that connect them under underlay.segments, with addresses of that family; a gateway between them must run the IGP (igp: true).",
]
`);
});

test("a gateway listed as one of noencap's routers that peers with nothing should be a host", () => {
  const about = (topology: TopologyInput) =>
    findings(analyse(fabricOf(topology)))
      .filter(({ id }) => id === 'NE206')
      .map(({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`);
  expect(about(network('foreign-gateway'))).toEqual(['info routers.fritzbox: fritzbox has no BGP session']);
  expect(about(home({ forwards: true }))).toEqual([]);
});
