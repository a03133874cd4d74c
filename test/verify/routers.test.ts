import type { TopologyInput } from '../../topology/index.ts';
import {
  overall,
  type PodRoutes,
  type RouterFacts,
  type Verdict,
  verifyRouters,
} from '../../verify/index.ts';
import { changed, counting, missing, states } from '../bird/answers/protocols.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { facts, looked, lost } from './facts.ts';

const whole = states('e1-whole');

const fabric = fabricOf(redundant());

const verdicts = (read: RouterFacts, of = fabric): Verdict[] => verifyRouters(of, [looked('e1', read)]);

const wrong = (all: readonly Verdict[]): Verdict[] => all.filter(({ is }) => is !== 'as-promised');

const only = (all: readonly Verdict[]): Verdict => {
  const [one, ...more] = wrong(all);
  expect(more).toEqual([]);
  if (one === undefined) throw new Error('all is as promised');
  return one;
};

test('a router on which nothing is wrong is as promised in everything', () => {
  const all = verdicts(facts());
  expect(wrong(all)).toEqual([]);
  expect(overall(all)).toBe('as-promised');
  const sessions = all.filter(({ kind }) => kind === 'session');
  expect(sessions.map(({ about }) => about.name)).toEqual(
    ['e1--e2/ipv4', 'e-a--e1/ipv4', 'e-b--e1/ipv4', 'e1--w1/ipv4'].sort(),
  );
});

test('nothing that was looked at is nothing that holds', () => {
  expect(overall([])).toBe('unknown');
  expect(verifyRouters(fabric, [])).toEqual([]);
});

test('of a router that cannot be read all is unknown, with the reason, and the rest is told', () => {
  const all = verifyRouters(fabric, [
    { router: 'w1', read: undefined, unread: { message: 'it does not answer', fix: 'Start it.' } },
    looked('e1', facts({ protocols: lost(whole, 'k3s_e_a_v4', {}) })),
  ]);
  const ofW1 = all.filter(({ about }) => (about.machine ?? about.name) === 'w1');
  expect(ofW1.map(({ is, kind, cause }) => [is, kind, cause?.message])).toEqual(
    ['router', 'session', 'session', 'session', 'routes', 'route', 'files', 'sysctl'].map((kind) => [
      'unknown',
      kind,
      'it does not answer',
    ]),
  );
  expect(all.filter(({ is }) => is === 'different').map(({ kind }) => kind)).toEqual(['session-down']);
  expect(overall(all)).toBe('different');
  expect(overall(ofW1)).toBe('unknown');
});

describe('a session that is down', () => {
  const password: TopologyInput = redundant();
  const withPassword = fabricOf({
    ...password,
    routers: {
      ...password.routers,
      e1: {
        routerId: '10.0.0.1',
        nodeAddress: '192.168.1.1',
        backboneAddress: '10.0.0.1',
        password: { file: '/etc/bird/k3s-password.conf', secret: { name: 'bgp-e1' } },
      },
    },
  });

  test.each<[error: string, node: readonly [cause: string, next: string], state?: string]>([
    [
      'BGP Error: Bad peer AS',
      ['another AS number than 64512', 'kubectl get bgpconfigurations default -o yaml'],
    ],
    [
      'Received: Bad peer AS',
      ['expects another AS number of e1', 'kubectl get bgpconfigurations default -o yaml'],
    ],
    [
      'Socket: Connection refused',
      ['nothing listens for BGP at 192.168.1.11', 'kubectl -n calico-system get pods'],
    ],
    [
      'Socket: Connection reset by peer',
      ['it has no peer 192.168.1.1', 'kubectl get bgppeers route-reflector-east-e1 -o yaml'],
    ],
    [
      'Socket: Connection closed',
      ['it has no peer 192.168.1.1', 'kubectl get bgppeers route-reflector-east-e1 -o yaml'],
    ],
    ['Received: Peer de-configured', ['no peer 192.168.1.1 in its configuration', 'kubectl get bgppeers']],
    ['Socket: No route to host', ['192.168.1.11 cannot be reached', 'ssh e1 ip route get 192.168.1.11']],
    ['BGP Error: Hold timer expired', ['nothing comes from 192.168.1.11', 'ssh e1 ping -c 3 192.168.1.11']],
    [
      'Received: Administrative shutdown',
      ['somebody stopped the session at e-a', 'kubectl -n calico-system get pods'],
    ],
    [
      'Automatic shutdown: Route limit exceeded',
      ['the limit of this session', 'ssh e1 birdc show protocols all k3s_e_a_v4'],
    ],
  ])('%s', (error, [cause, next]) => {
    const one = only(verdicts(facts({ protocols: lost(whole, 'k3s_e_a_v4', { error }) })));
    expect(one).toMatchObject({ is: 'different', kind: 'session-down', found: `Active, ${error}` });
    expect(one.about).toEqual({ kind: 'session', name: 'e-a--e1/ipv4', machine: 'e1' });
    expect(one.cause?.message).toContain(cause);
    expect(one.cause?.evidence).toEqual(['BGP state: Active', `Last error: ${error}`]);
    expect(one.next).toContain(next);
  });

  test('in silence is a matter of the password only where there is one', () => {
    const silent = facts({ protocols: lost(whole, 'k3s_e_a_v4', { state: 'Connect' }) });
    const [without, has] = [fabric, withPassword].map((of) => only(verdicts(silent, of)));
    expect(without?.cause?.message).not.toContain('password');
    expect(has?.cause?.message).toContain('the passwords of the two ends differ');
    expect(has?.next).toBe('kubectl -n calico-system get secret bgp-e1');
  });

  test('without an error or a telling state has no cause that anybody knows', () => {
    const one = only(verdicts(facts({ protocols: lost(whole, 'k3s_e_a_v4', { state: 'Idle' }) })));
    expect(one.cause).toBeUndefined();
    expect(one.next).toBe('ssh e1 birdc show protocols all k3s_e_a_v4');
  });

  test('because somebody disabled it, is enabled again', () => {
    const protocols = lost(whole, 'k3s_backbone_w1_v4', { state: 'Down' }, 'down');
    const one = only(verdicts(facts({ protocols })));
    expect(one.cause?.message).toBe('somebody disabled the protocol');
    expect(one.next).toBe('ssh e1 birdc enable k3s_backbone_w1_v4');
  });

  test('is explained by its other end', () => {
    const here = facts({
      protocols: lost(whole, 'k3s_backbone_w1_v4', { error: 'Socket: Connection closed' }),
    });
    const [one] = wrong(verifyRouters(fabric, [looked('e1', here), looked('w1', facts({ protocols: [] }))]));
    expect(one?.cause).toEqual({
      message: 'w1 does not have this session: its configuration is another one',
      evidence: ['BGP state: Active', 'Last error: Socket: Connection closed', 'w1 has no session with e1'],
    });
    expect(one?.next).toBe('bin/noencap ship w1');
  });

  test('is known at its other end by its neighbor, where a hand has named it', () => {
    const here = facts({
      protocols: lost(whole, 'k3s_backbone_w1_v4', { error: 'Socket: Connection closed' }),
    });
    const [byHand] = states('e1-whole').filter(({ bgp }) => bgp !== undefined);
    const there = byHand && {
      ...byHand,
      name: 'byhand',
      bgp: { state: 'Active', neighbor: '10.0.0.1', error: 'BGP Error: Bad peer AS' },
    };
    const looks = [
      looked('e1', here),
      looked('w1', facts({ protocols: there === undefined ? [] : [there] })),
    ];
    const [one] = wrong(verifyRouters(fabric, looks));
    expect(one?.cause?.evidence).toEqual([
      'BGP state: Active',
      'Last error: Socket: Connection closed',
      'at w1 BGP state: Active',
      'at w1 Last error: BGP Error: Bad peer AS',
    ]);
    expect(one?.cause?.message).toContain('w1 accepts another AS number');
  });

  test('says what a hostile end made BIRD say, word for word', () => {
    const error = 'Received: \u001b[31m::error::x';
    const one = only(verdicts(facts({ protocols: lost(whole, 'k3s_e_a_v4', { error }) })));
    expect(one.cause).toBeUndefined();
    expect(one.found).toContain(error);
  });
});

describe('a session that BIRD does not have', () => {
  const protocols = missing(whole, 'k3s_e_a_v4');

  test('was not delivered', () => {
    const notAsInGit = [{ path: 'k3s/ibgpeers/e-a.conf', is: 'missing' }] as const;
    const all = verdicts(facts({ protocols, notAsInGit }));
    expect(wrong(all).map(({ kind }) => kind)).toEqual(['not-delivered', 'session-missing']);
    expect(wrong(all)[1]).toMatchObject({
      found: 'BIRD has no protocol k3s_e_a_v4',
      cause: { evidence: ['k3s/ibgpeers/e-a.conf missing'] },
      next: 'bin/noencap ship e1',
    });
  });

  test('or was delivered, and not read', () => {
    expect(only(verdicts(facts({ protocols })))).toMatchObject({
      kind: 'session-missing',
      cause: { message: 'the file is in place, but BIRD has not read it' },
      next: 'ssh e1 birdc configure check',
    });
  });

  test('but under another name, written by hand, is that session', () => {
    const renamed = changed(whole, 'k3s_e_a_v4', (one) => ({ ...one, name: 'byhand' }));
    expect(wrong(verdicts(facts({ protocols: renamed })))).toEqual([]);
  });
});

test('a session with another machine is not the one that is promised', () => {
  const protocols = changed(whole, 'k3s_e_a_v4', (one) => ({
    ...one,
    bgp: one.bgp && { ...one.bgp, neighbor: '192.168.1.99' },
  }));
  expect(only(verdicts(facts({ protocols })))).toMatchObject({
    kind: 'session-other-neighbor',
    found: 'k3s_e_a_v4 with 192.168.1.99',
  });
});

test('a session of ours that the topology does not have', () => {
  const extra = whole.flatMap((one) =>
    one.name === 'k3s_e_a_v4' ? [one, { ...one, name: 'k3s_old_v4' }] : [one],
  );
  expect(only(verdicts(facts({ protocols: extra })))).toMatchObject({
    kind: 'session-unexpected',
    about: { kind: 'protocol', name: 'k3s_old_v4', machine: 'e1' },
  });
});

describe('routes', () => {
  test('that lead nowhere', () => {
    const protocols = changed(whole, 'k3s_backbone_w1_v4', (one) => ({ ...one, unresolved: 1 }));
    expect(only(verdicts(facts({ protocols })))).toMatchObject({
      kind: 'next-hop-unresolved',
      found: expect.stringMatching(/^1 of \d+ routes lead nowhere$/),
      next: `ssh e1 "birdc 'show route table all where source = RTS_BGP && dest != RTD_UNICAST'"`,
    });
  });

  test('of a node that brings none: unknown, or different where the topology names its block', () => {
    const none = facts({ protocols: counting(whole, 'k3s_e_a_v4', { imported: 0, preferred: 0 }) });
    expect(only(verdicts(none))).toMatchObject({ is: 'unknown', kind: 'routes' });
    const topology = redundant();
    const nodes = topology.nodes as Record<string, object>;
    const named = fabricOf({
      ...topology,
      nodes: { ...nodes, 'e-a': { ...nodes['e-a'], block: '10.42.0.0/26' } },
    });
    expect(only(verdicts(none, named))).toMatchObject({
      is: 'different',
      kind: 'routes-not-accepted',
      expected: '10.42.0.0/26',
      found: 'no ipv4 route',
    });
  });

  test('that are not sent on', () => {
    const protocols = counting(whole, 'k3s_e_a_v4', { exported: 0 });
    const { pods } = facts();
    if (pods === undefined) throw new Error('there are routes');
    const having = (protocol: string): PodRoutes => ({
      ...pods,
      routes: [
        {
          prefix: '10.42.9.0/26',
          protocol,
          isBest: true,
          kind: 'unicast',
          hops: [{ via: '192.168.1.12', dev: 'eth0' }],
        },
      ],
      kernel: undefined,
    });
    const notSent = (one: RouterFacts) => verdicts(one).filter(({ kind }) => kind === 'routes-not-sent');
    // Its own routes, and those of nobody that is known, need not be.
    expect(notSent(facts({ protocols }))).toEqual([]);
    expect(notSent(facts({ protocols, pods: having('k3s_e_a_v4') }))).toEqual([]);
    expect(only(notSent(facts({ protocols, pods: having('k3s_e_b_v4') })))).toMatchObject({
      found: 'none',
      next: 'ssh e1 birdc show route noexport k3s_e_a_v4',
    });
  });
});

describe('the configuration', () => {
  test.each<[string, Partial<RouterFacts>, Partial<Verdict>]>([
    [
      'edited',
      {
        notAsDelivered: [{ path: 'k3s/ibgp.conf', is: 'changed' }],
        notAsInGit: [{ path: 'k3s/ibgp.conf', is: 'changed' }],
      },
      { is: 'different', kind: 'files-edited', next: 'bin/noencap ship --check e1' },
    ],
    [
      'older than git',
      { notAsInGit: [{ path: 'k3s/ibgp.conf', is: 'changed' }] },
      { is: 'different', kind: 'not-delivered', next: 'bin/noencap ship e1' },
    ],
    [
      'never delivered',
      { notAsDelivered: undefined, notAsInGit: [{ path: 'k3s/ibgp.conf', is: 'missing' }] },
      {
        is: 'different',
        kind: 'not-delivered',
        cause: { message: 'nothing was ever delivered there', evidence: ['k3s/ibgp.conf missing'] },
      },
    ],
    [
      'unconfirmed',
      { pending: 11.2 },
      { is: 'different', kind: 'change-pending', found: 'BIRD undoes one in 12 s' },
    ],
    ['being delivered', { holder: 'ci' }, { is: 'unknown', kind: 'delivery-running' }],
    [
      'cut off',
      { cutOff: 'applying' },
      { is: 'different', kind: 'delivery-cut-off', next: 'bin/noencap ship e1' },
    ],
    ['being read', { settled: false }, { is: 'unknown', kind: 'configuration' }],
    [
      'rejected',
      { filesError: '8002 /etc/bird/bird.conf:1:1 syntax error' },
      {
        is: 'different',
        kind: 'configuration-rejected',
        cause: {
          message: 'BIRD still runs what it read before',
          evidence: ['/etc/bird/bird.conf:1:1 syntax error'],
        },
      },
    ],
    [
      'another one',
      { runs: 'fedcba9876543210' },
      { is: 'different', kind: 'configuration-not-read', found: 'it runs release fedcba9876543210' },
    ],
    [
      'with a clock of its own',
      { clock: { ahead: -3600.2, unsure: 2 } },
      { is: 'different', kind: 'clock-skew', found: '3600 s behind' },
    ],
    ['of another BIRD', { birdVersion: '1.6.8' }, { is: 'different', kind: 'bird-version' }],
  ])('%s', (_, change, expected) => {
    expect(only(verdicts(facts(change)))).toMatchObject(expected);
  });

  test('edited and older than git is both', () => {
    const all = verdicts(
      facts({
        notAsDelivered: [{ path: 'k3s/ibgp.conf', is: 'changed' }],
        notAsInGit: [
          { path: 'k3s/ibgp.conf', is: 'changed' },
          { path: 'k3s/ibgpeers/e-a.conf', is: 'changed' },
        ],
      }),
    );
    expect(wrong(all).map(({ kind }) => kind)).toEqual(['files-edited', 'not-delivered']);
  });
});

test('kernel settings: one that differs, one that the kernel does not have', () => {
  const rendered = new Map([
    ['net.ipv4.ip_forward', '1'],
    ['net.ipv4.conf.all.rp_filter', '0'],
    ['net.ipv6.conf.all.forwarding', '1'],
  ]);
  const sysctls = new Map([
    ['net.ipv4.ip_forward', ''],
    ['net.ipv4.conf.all.rp_filter', '1'],
    ['net.ipv6.conf.all.forwarding', ''],
  ]);
  // This network has no IPv6, so a kernel without it lacks nothing.
  expect(
    wrong(verdicts(facts({ sysctlsRendered: rendered, sysctls }))).map(({ is, about }) => [is, about.name]),
  ).toEqual([
    ['unknown', 'net.ipv4.ip_forward'],
    ['different', 'net.ipv4.conf.all.rp_filter'],
  ]);
});
