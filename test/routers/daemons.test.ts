import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { type Observed, observe } from './daemons.ts';
import { NETWORKS } from './networks.ts';

/** Needs network namespaces. On a machine without them, NOENCAP_NO_NETNS=1 skips these tests by name. */
const scenario = process.env.NOENCAP_NO_NETNS === '1' ? describe.skip : describe;

/** The next hops of a route in the kernel: `via` addresses, or how else the route ends. */
function nextHops(observed: Observed, question: string): string[] {
  const text = observed.answers.get(question) ?? '';
  const vias = [...text.matchAll(/via (?:inet6 )?(\S+)/g)].map(([, via = '']) => via);
  return vias.length > 0 ? vias.sort() : [text.trim()];
}

const A = '10.42.0.0/26';
const B = '10.42.0.64/26';
const W = '10.42.0.128/26';

/** Two nodes on one LAN, one elsewhere behind an IPv6 backbone; without a mesh that could hide anything. */
const overIpv6 = (reflectorNextHop: 'keep' | 'self') =>
  observe({
    fabric: fabricOf({ ...(NETWORKS['ipv4-over-ipv6'] as TopologyInput), bgp: { reflectorNextHop } }),
    blocks: { 'e-a': [A], 'e-b': [B], 'w-a': [W] },
    routes: {
      e1: 'route fd00:ff::2/128 via fd00:fe::2;',
      w1: 'route fd00:ff::1/128 via fd00:fe::1;',
    },
    questions: {
      'e-a to b': `ip route show ${B}`,
      'e-a to w': `ip route show ${W}`,
      'w-a to a': `ip route show ${A}`,
      'e1 to w': `ip route show ${W}`,
      'e1 exports to a': 'birdc show route table intra_table_v4 export k3s_e_a_v4 count',
      'e1 protocol': 'birdc show protocols all k3s_e_a_v4',
    },
  });

scenario('reflectors that keep next hops, in an existing bird.conf', () => {
  let observed: Observed;
  beforeAll(() => {
    observed = overIpv6('keep');
  });

  test('neighbours on one LAN reach each other directly', () => {
    expect(nextHops(observed, 'e-a to b')).toEqual(['192.168.1.12']);
  });

  test('remote nodes are reached through the reflector', () => {
    expect(nextHops(observed, 'e-a to w')).toEqual(['192.168.1.1']);
    expect(nextHops(observed, 'w-a to a')).toEqual(['192.168.2.1']);
  });

  test('IPv4 routes cross the backbone with IPv6 next hops', () => {
    expect(nextHops(observed, 'e1 to w')).toEqual(['fd00:fe::2']);
  });

  test('the reflector exports every route: an established session alone is not enough', () => {
    expect(observed.answers.get('e1 exports to a')).toMatch(/^2 of /m);
  });

  test('changes of a channel in a peer file keep the rest of the template', () => {
    const channel = observed.answers.get('e1 protocol') ?? '';
    expect(channel).toMatch(/Table:\s+intra_table_v4/);
    expect(channel).toMatch(/Input filter:\s+\(unnamed\)/);
    expect(channel).toMatch(/Import limit:\s+100000/);
    expect(channel).toMatch(/Action:\s+warn/);
    expect(channel).toMatch(/Hold timer:\s+[\d.]+\/15/);
    expect(channel).toMatch(/Source address:\s+192\.168\.1\.1/);
  });

  test('no filter failed', () => {
    expect(observed.logs).not.toContain('<ERR>');
    expect(observed.logs).toContain('Started');
  });
});

scenario("reflectors that set themselves, as the field report's", () => {
  let observed: Observed;
  beforeAll(() => {
    observed = overIpv6('self');
  });

  test('neighbours on one LAN go through the reflector', () => {
    expect(nextHops(observed, 'e-a to b')).toEqual(['192.168.1.1']);
    expect(nextHops(observed, 'e-a to w')).toEqual(['192.168.1.1']);
    expect(observed.logs).not.toContain('<ERR>');
  });
});

scenario('standalone routers, two of them redundant, both families, OSPF and BFD', () => {
  let observed: Observed;
  beforeAll(() => {
    observed = observe({
      fabric: fabricOf(NETWORKS.standalone as TopologyInput),
      blocks: {
        'e-a': [A, 'fd42::/122'],
        'e-b': [B, 'fd42::40/122'],
        'w-a': [W, 'fd42::80/122'],
      },
      questions: {
        'e-a to b': `ip route show ${B}`,
        'e-a to w': `ip route show ${W}`,
        'e-a to w v6': 'ip -6 route show fd42::80/122',
        'e-a to b v6': 'ip -6 route show fd42::40/122',
        'e1 to w': `ip route show ${W}`,
        'e1 to the far node': 'ip route show 10.9.9.9',
        'w1 to the far node': 'ip route show 10.9.9.9',
        'e1 bfd': 'birdc show bfd sessions',
        'e1 protocols': 'birdc show protocols',
      },
    });
  });

  test('neighbours on one LAN reach each other directly, in both families', () => {
    expect(new Set(nextHops(observed, 'e-a to b'))).toEqual(new Set(['192.168.1.12']));
    expect(new Set(nextHops(observed, 'e-a to b v6'))).toEqual(new Set(['fd00:1::12']));
  });

  test('remote nodes are reached through a reflector of the region', () => {
    for (const hop of nextHops(observed, 'e-a to w')) expect(['192.168.1.1', '192.168.1.2']).toContain(hop);
    for (const hop of nextHops(observed, 'e-a to w v6')) expect(['fd00:1::1', 'fd00:1::2']).toContain(hop);
    expect(nextHops(observed, 'e1 to w')).toEqual(['172.16.0.3']);
  });

  test("OSPF carries the router's static route to a node that peers from an off-segment address", () => {
    expect(nextHops(observed, 'w1 to the far node')).toEqual(['192.168.2.11']);
    expect(nextHops(observed, 'e1 to the far node')).toEqual(['172.16.0.3']);
  });

  test('BFD is up between the two routers that ask for it, and nowhere else', () => {
    const sessions = (observed.answers.get('e1 bfd') ?? '').split('\n').filter((line) => / Up /.test(line));
    expect(sessions.map((line) => line.split(/\s+/)[0]).sort()).toEqual(['10.0.0.2', 'fd00:ff::2']);
  });

  test('no filter failed; only BFD logs errors until OSPF has learned the loopbacks', () => {
    const complaints = observed.logs.split('\n').filter((line) => line.includes('<ERR>'));
    expect(complaints.filter((line) => !line.endsWith('bfd1: Socket error: Network is unreachable'))).toEqual(
      [],
    );
    expect(observed.logs).toContain('Started');
  });
});

scenario('standalone routers whose IPv6 loopbacks OSPFv3 carries over IPv4 links', () => {
  let observed: Observed;
  beforeAll(() => {
    observed = observe({
      fabric: fabricOf(NETWORKS['standalone-ipv6-loopbacks'] as TopologyInput),
      blocks: { 'e-a': [A], 'e-b': [B], 'w-a': [W] },
      questions: {
        'e1 to w': `ip route show ${W}`,
        'w-a to a': `ip route show ${A}`,
        'e-a to w': `ip route show ${W}`,
      },
    });
  });

  test('the regions reach each other', () => {
    expect(nextHops(observed, 'e1 to w')).toEqual([expect.stringMatching(/^fe80::/)]);
    expect(nextHops(observed, 'w-a to a')).toEqual(['192.168.2.1']);
    expect(nextHops(observed, 'e-a to w')).toEqual(['192.168.1.1']);
    expect(observed.logs).not.toContain('<ERR>');
  });
});
