import type { ProtocolState } from '../../../bird/answers/protocols.ts';
import type { GateFinding, GateQuestion } from '../../../delivery/gate/finding.ts';
import { gate, type Look, passes, unsettledFor } from '../../../delivery/gate/gate.ts';
import type { TopologyInput } from '../../../topology/index.ts';
import { changed, counting, down, missing, states } from '../../bird/answers/protocols.ts';
import { fabricOf } from '../../fabric-of.ts';
import { redundant } from '../../lab/topologies.ts';

const whole = states('e1-whole');

const asked = (more: Partial<GateQuestion> = {}): GateQuestion => ({
  router: 'e1',
  fabric: fabricOf(redundant()),
  before: fabricOf(redundant()),
  undelivered: new Set(['e2', 'w1']),
  excused: new Set(),
  ...more,
});

const message = (findings: readonly GateFinding[]): string[] =>
  findings.map((one) => `${one.level}: ${one.message} [${one.fixedBy}]`);

const judged = (now: readonly ProtocolState[], more: Partial<GateQuestion> = {}, before = whole): string[] =>
  message(gate(asked(more))(before, now));

/** The network with some fields of routers, nodes or BGP changed. */
function topology(change: {
  readonly routers?: Record<string, object>;
  readonly nodes?: Record<string, object | undefined>;
  readonly bgp?: TopologyInput['bgp'];
}): TopologyInput {
  const { routers, nodes = {}, bgp, ...rest } = redundant();
  const merged = { ...nodes } as Record<string, object | undefined>;
  for (const [name, fields] of Object.entries(change.nodes ?? {})) {
    merged[name] = fields && { ...merged[name], ...fields };
  }
  const { segments = {} } = rest.underlay ?? {};
  const isThere = (name: string) => name in routers || merged[name] !== undefined;
  return {
    ...rest,
    bgp: { ...bgp, ...change.bgp },
    routers: Object.fromEntries(
      Object.entries(routers).map(([name, fields]) => [name, { ...fields, ...change.routers?.[name] }]),
    ),
    nodes: Object.fromEntries(
      Object.entries(merged).filter(([, fields]) => fields !== undefined),
    ) as TopologyInput['nodes'],
    underlay: {
      segments: Object.fromEntries(
        Object.entries(segments).map(([name, segment]) => [
          name,
          {
            ...segment,
            members: Object.fromEntries(
              Object.entries(segment.members).filter(([member]) => isThere(member)),
            ),
          },
        ]),
      ),
    },
  };
}

describe('sessions', () => {
  test('a router on which nothing got worse has no findings', () => {
    expect(judged(whole)).toEqual([]);
    expect(judged(whole, { before: undefined })).toEqual([]);
  });

  test('one that was up and is down fails, whichever the peer is and whether or not it has the change', () => {
    const lost = down(down(whole, 'k3s_e_a_v4'), 'k3s_backbone_w1_v4', 'Connect');
    for (const more of [{}, { undelivered: new Set<string>() }, { before: undefined }]) {
      expect(judged(lost, more)).toEqual([
        'failure: e-a--e1/ipv4: is Active although it was Established [time]',
        'failure: e1--w1/ipv4: is Connect although it was Established [time]',
      ]);
    }
    expect(judged(states('e1-node-down')).slice(0, 1)).toEqual([
      'failure: e-a--e1/ipv4: is Connect (BGP Error: Hold timer expired) although it was Established [time]',
    ]);
  });

  test('one that was down before is not the fault of the change', () => {
    const before = down(down(whole, 'k3s_e_a_v4'), 'k3s_backbone_w1_v4');
    for (const undelivered of [new Set(['w1']), new Set<string>()]) {
      expect(judged(before, { undelivered }, before)).toEqual([
        'warning: e-a--e1/ipv4: is Active; it was not up before either [others]',
        'warning: e1--w1/ipv4: is Active; it was not up before either [others]',
      ]);
    }
  });

  test('a new node need not be connected yet', () => {
    const fabric = fabricOf(redundant());
    const before = fabricOf(topology({ nodes: { 'e-b': undefined } }));
    expect(judged(down(whole, 'k3s_e_b_v4'), { fabric, before }, missing(whole, 'k3s_e_b_v4'))).toEqual([
      'warning: e-b--e1/ipv4: is Active; it is new, and e-b has not connected yet [others]',
    ]);
    expect(
      judged(down(whole, 'k3s_e_b_v4'), { before: undefined }, missing(whole, 'k3s_e_b_v4')),
    ).toHaveLength(1);
  });

  test('with a router: a new one may come up only once both ends have it, and then must', () => {
    const [was, now] = [missing(whole, 'k3s_backbone_w1_v4'), down(whole, 'k3s_backbone_w1_v4')];
    const before = fabricOf(topology({ bgp: { backboneMesh: [['e1', 'e2']] } }));
    expect(judged(now, { before }, was)).toEqual([
      'warning: e1--w1/ipv4: is Active; w1 does not have the change yet [others]',
    ]);
    expect(judged(now, { before: undefined }, was)).toEqual([
      'warning: e1--w1/ipv4: is Active; w1 may not have the session yet [others]',
    ]);
    const delivered = { undelivered: new Set<string>() };
    const failure = ['failure: e1--w1/ipv4: is Active although both ends are configured [time]'];
    expect(judged(now, { before, ...delivered }, was)).toEqual(failure);
    expect(judged(now, { before: undefined, ...delivered }, was)).toEqual(failure);
  });

  test('one that must change at both ends is down between the two deliveries, and up after the second', () => {
    const before = fabricOf(topology({ routers: { w1: { backboneAddress: '10.0.0.33' } } }));
    const was = changed(whole, 'k3s_backbone_w1_v4', (one) => ({
      ...one,
      bgp: one.bgp && { ...one.bgp, neighbor: '10.0.0.33' },
    }));
    const now = down(whole, 'k3s_backbone_w1_v4');
    expect(judged(now, { before }, was)).toEqual([
      'warning: e1--w1/ipv4: is Active; w1 does not have the change yet [others]',
    ]);
    const second = { before, undelivered: new Set<string>() };
    expect(judged(now, second, down(was, 'k3s_backbone_w1_v4'))).toEqual([
      'failure: e1--w1/ipv4: is Active although both ends are configured [time]',
    ]);
  });

  test('a different hold time is no excuse: each end uses the lower of the two', () => {
    const fabric = fabricOf(topology({ bgp: { holdTime: 9 } }));
    expect(judged(down(whole, 'k3s_backbone_w1_v4'), { fabric })).toEqual([
      'failure: e1--w1/ipv4: is Active although it was Established [time]',
    ]);
  });

  test('a different password reference at a router: its nodes follow through the cluster', () => {
    const password = { file: '/etc/bird-secrets/k3s.conf', secret: { name: 'bgp', key: 'e1' } };
    const fabric = fabricOf(topology({ routers: { e1: { password } } }));
    expect(judged(down(whole, 'k3s_e_a_v4'), { fabric })).toEqual([
      'warning: e-a--e1/ipv4: is Active; e-a must follow through the cluster [others]',
    ]);
  });

  test('a router that had sessions must not be left without any, whatever excuse each may have', () => {
    const password = { file: '/etc/bird-secrets/k3s.conf', secret: { name: 'bgp', key: 'e1' } };
    const only = (change: object): TopologyInput => ({
      ...topology({ routers: { e1: change } }),
      bgp: { nodeToNodeMesh: false, holdTime: 6, backboneMesh: [] },
    });
    const before = missing(whole, 'k3s_backbone_e2_v4', 'k3s_backbone_w1_v4');
    const now = down(down(before, 'k3s_e_a_v4'), 'k3s_e_b_v4');
    const question = { fabric: fabricOf(only({ password })), before: fabricOf(only({})) };
    expect(judged(now, question, before).at(-1)).toBe('failure: e1: no session is left (had 2) [time]');
    const excused = new Set(['e-a--e1/ipv4', 'e-b--e1/ipv4']);
    expect(passes(gate(asked({ ...question, excused }))(before, now))).toBe(true);
  });

  test('with a new password at least one node must connect: being down before does not excuse all', () => {
    const password = { file: '/etc/bird/k3s-password.conf', secret: { name: 'bgp', key: 'e1' } };
    const fabric = fabricOf(topology({ routers: { e1: { password } } }));
    const question = { fabric, before: fabric, isRotated: true };
    const before = down(down(whole, 'k3s_e_a_v4'), 'k3s_e_b_v4');
    const none =
      'failure: e1: no session with a node is up with the new password. Its Secret in the cluster must have the same password first [time]';
    expect(judged(before, question, before)).toContain(none);
    expect(judged(down(whole, 'k3s_e_a_v4'), question, before)).not.toContain(none);
    expect(judged(before, { ...question, isRotated: false }, before)).not.toContain(none);
    // The first password, which the cluster does not have yet, is not a rotation.
    const first = { ...question, before: fabricOf(redundant()) };
    expect(judged(before, first, before)).not.toContain(none);
    const excused = new Set(['e-a--e1/ipv4', 'e-b--e1/ipv4']);
    expect(passes(gate(asked({ ...question, excused }))(before, before))).toBe(true);
  });

  test('a session that BIRD does not have, or has with another neighbour, is not worth waiting for', () => {
    expect(judged(missing(whole, 'k3s_e_a_v4'))).toContain(
      'failure: e-a--e1/ipv4: BIRD has no k3s_e_a_v4: it does not run what was delivered [nothing]',
    );
    const fabric = fabricOf(topology({ routers: { w1: { backboneAddress: '10.0.0.33' } } }));
    expect(judged(whole, { fabric })).toEqual([
      'failure: e1--w1/ipv4: BIRD has k3s_backbone_w1_v4 with 10.0.0.3: it does not run what was delivered [nothing]',
    ]);
    expect(judged([])).toContain(
      'failure: e1--w1/ipv4: BIRD has no k3s_backbone_w1_v4: it does not run what was delivered [nothing]',
    );
  });

  test('a session without one of its families is not up', () => {
    const half = changed(whole, 'k3s_e_a_v4', (one) => ({
      ...one,
      channels: one.channels.map((channel) => ({ ...channel, state: 'DOWN' })),
    }));
    expect(judged(half)).toEqual([
      'failure: e-a--e1/ipv4: is up without ipv4 although it was Established [time]',
    ]);
  });

  test('an adopted configuration may have the same session under another name', () => {
    const byHand = changed(whole, 'k3s_e_a_v4', (one) => ({ ...one, name: 'kube1' }));
    expect(judged(whole, { before: undefined }, byHand)).toEqual([]);
    expect(judged(down(whole, 'k3s_e_a_v4'), { before: undefined }, byHand)).toEqual([
      'failure: e-a--e1/ipv4: is Active although it was Established [time]',
    ]);
  });

  test('what the operator excuses is reported, and fails nothing', () => {
    const excused = new Set(['e-a--e1/ipv4']);
    expect(judged(down(whole, 'k3s_e_a_v4'), { excused })).toEqual([
      'warning: e-a--e1/ipv4: is Active although it was Established (excused) [others]',
    ]);
  });
});

describe('routes', () => {
  const filtered = ['k3s_e_a_v4', 'k3s_e_b_v4', 'k3s_backbone_e2_v4', 'k3s_backbone_w1_v4'].reduce(
    (all, name) => counting(all, name, { imported: 0, exported: 0, preferred: 0 }),
    whole,
  );

  test('a configuration that keeps every session but filters everything fails', () => {
    for (const before of [asked().before, undefined]) {
      expect(judged(filtered, { before })).toEqual([
        'failure: e-a--e1/ipv4: now receives 0 IPv4 routes (was 1) [time]',
        'failure: e-b--e1/ipv4: now receives 0 IPv4 routes (was 1) [time]',
        'failure: e1--e2/ipv4: now receives 0 IPv4 routes (was 2) [time]',
        'failure: e1--w1/ipv4: now receives 0 IPv4 routes (was 1) [time]',
      ]);
    }
  });

  test('one that sends nothing fails, even if there was nothing to send before', () => {
    const mute = counting(whole, 'k3s_e_a_v4', { exported: 0 });
    const failure = 'failure: e-a--e1/ipv4: e-a is sent 0 of 2 IPv4 routes [time]';
    expect(judged(mute)).toEqual([failure]);
    expect(judged(mute, { before: undefined }, [])).toEqual([failure]);
    expect(judged(mute, {}, mute)).toEqual([
      'warning: e-a--e1/ipv4: e-a is sent 0 of 2 IPv4 routes [others]',
    ]);
  });

  test('sending less of what is there than before fails; having less to send does not', () => {
    const rich = counting(counting(whole, 'k3s_e_b_v4', { imported: 40, preferred: 40 }), 'k3s_e_a_v4', {
      exported: 41,
    });
    const poorer = (exported: number, imported = 40) =>
      counting(counting(rich, 'k3s_e_b_v4', { imported, preferred: imported }), 'k3s_e_a_v4', { exported });
    const ofOthers = (one: string) => !one.includes('e1--');
    expect(judged(poorer(38), {}, rich).filter(ofOthers)).toEqual([
      'failure: e-a--e1/ipv4: e-a is sent 38 of 41 IPv4 routes [time]',
    ]);
    expect(judged(poorer(39), {}, rich).filter(ofOthers)).toEqual([]);
    expect(judged(poorer(39, 38), {}, rich).filter(ofOthers)).toEqual([]);
  });

  test('a session that brings fewer routes fails, except for the few that always come and go', () => {
    const before = counting(whole, 'k3s_backbone_w1_v4', { imported: 100 });
    const bringing = (imported: number) =>
      judged(counting(whole, 'k3s_backbone_w1_v4', { imported }), {}, before);
    expect(bringing(95)).toEqual([]);
    expect(bringing(94)).toEqual(['failure: e1--w1/ipv4: now receives 94 IPv4 routes (was 100) [time]']);
  });

  test('routes that the change itself removes are explained: some for some nodes, all for all', () => {
    const two = fabricOf(
      topology({ nodes: { 'w-b': { region: 'west', role: 'agent', address: '192.168.2.12' } } }),
    );
    const before = counting(whole, 'k3s_backbone_w1_v4', { imported: 4 });
    const some = counting(whole, 'k3s_backbone_w1_v4', { imported: 2 });
    const none = counting(whole, 'k3s_backbone_w1_v4', { imported: 0 });
    expect(judged(some, {}, before)).toHaveLength(1);
    expect(judged(some, { before: two }, before)).toEqual([]);
    expect(judged(none, { before: two }, before)).toHaveLength(1);
    const empty = fabricOf(topology({ nodes: { 'w-a': undefined } }));
    expect(judged(none, { fabric: empty }, before)).toEqual([]);
    expect(judged(none, { fabric: empty, before: undefined }, before)).toEqual([]);
  });

  test('borrowed addresses may go when they are no longer exported; blocks must stay', () => {
    const before = fabricOf(topology({ bgp: { exportBorrowed: true } }));
    const fabric = fabricOf(topology({ bgp: { exportBorrowed: false } }));
    const was = counting(whole, 'k3s_e_a_v4', { imported: 3 });
    expect(judged(whole, { before, fabric }, was)).toEqual([]);
    expect(judged(whole, {}, was)).toHaveLength(1);
    expect(judged(counting(whole, 'k3s_e_a_v4', { imported: 0 }), { before, fabric }, was)).toHaveLength(1);
  });

  test('a node that announces nothing is reported, but is no failure: it may have no pods yet', () => {
    const idle = counting(whole, 'k3s_e_b_v4', { imported: 0 });
    expect(judged(idle, {}, idle)).toEqual([
      'warning: e-b--e1/ipv4: no IPv4 route from e-b is accepted [others]',
    ]);
  });
});

describe("what is not noencap's", () => {
  const own: ProtocolState = {
    name: 'upstream',
    type: 'BGP',
    state: 'up',
    bgp: { state: 'Established', neighbor: '203.0.113.1', error: '' },
    channels: [{ name: 'ipv4', state: 'UP', imported: 9, exported: 1, preferred: 9 }],
  };
  const before = [...whole, own];

  test('must be as healthy as before', () => {
    expect(judged(before, {}, before)).toEqual([]);
    expect(judged(down(before, 'upstream'), {}, before)).toEqual([
      'failure: upstream (BGP): was up, but is now Active [time]',
    ]);
    expect(judged(counting(before, 'upstream', { imported: 0 }), {}, before)).toEqual([
      'failure: upstream (BGP): now imports 0 ipv4 routes (was 9) [time]',
    ]);
    expect(judged(counting(whole, 'kernel_ipv4', { exported: 0 }))).toEqual([
      'failure: kernel_ipv4 (Kernel): now exports 0 ipv4 routes (was 6) [time]',
    ]);
    expect(judged(down(whole, 'ospf_ipv4'))).toEqual([
      'failure: ospf_ipv4 (OSPF): was up, but is now start [time]',
    ]);
    expect(judged(whole, {}, down(before, 'upstream'))).toEqual([]);
  });

  test('must still exist; protocols that noencap named may go, and so may all of a bird.conf of its own', () => {
    expect(judged(whole, {}, before)).toEqual([
      'failure: upstream (BGP): was up, but BIRD no longer has it [time]',
    ]);
    const left = { ...own, name: 'k3s_e_c_v4' };
    expect(judged(whole, {}, [...whole, left])).toEqual([]);
    const fabric = fabricOf(
      topology({
        routers: { e1: { bird: { mode: 'standalone' }, interfaces: { 'east-lan': 'a', core: 'b' } } },
      }),
    );
    expect(judged(missing(whole, 'ospf_ipv4'), { fabric })).toEqual([]);
  });
});

describe('waiting longer', () => {
  const calm = { disturbed: 5000, undisturbed: 5000 };
  const look = (at: number, now: readonly ProtocolState[], more: Partial<GateQuestion> = {}): Look => ({
    at,
    now,
    findings: gate(asked(more))(whole, now),
  });
  const lost = down(whole, 'k3s_e_a_v4');
  const waits = (looks: readonly Look[], times = calm, before = whole) => unsettledFor(before, looks, times);

  test('is useless when nothing can fix the fault', () => {
    expect(waits([look(0, missing(whole, 'k3s_e_a_v4'))])).toBe(0);
  });

  test('helps as long as time may fix the fault', () => {
    expect(waits([])).toBeGreaterThan(0);
    expect(waits([look(0, lost), look(60_000, lost)])).toBeGreaterThan(0);
  });

  test('is needed until everything was calm for a while; counts do not matter', () => {
    expect(waits([look(0, whole)])).toBe(5000);
    expect(waits([look(0, whole), look(4999, whole)])).toBe(1);
    const more = counting(whole, 'ospf_ipv4', { imported: 7 });
    expect(waits([look(0, whole), look(3000, more), look(5000, whole)])).toBe(0);
    expect(waits([look(0, whole), look(3000, lost), look(5000, whole), look(9999, whole)])).toBe(1);
    expect(waits([look(0, lost), look(5000, whole), look(10_000, whole)])).toBe(0);
  });

  test('is shorter if nothing was disturbed: no protocol went, came or changed its state', () => {
    const both = { disturbed: 8000, undisturbed: 2000 };
    expect(waits([look(0, whole), look(2000, whole)], both)).toBe(0);
    expect(waits([look(0, lost), look(1, whole), look(2001, whole)], both)).toBe(6000);
    expect(waits([look(0, lost), look(1, whole), look(8001, whole)], both)).toBe(0);
    // One session more than before, without any finding.
    expect(waits([look(0, whole), look(2000, whole)], both, lost)).toBe(6000);
  });

  test('does not help with what others must do first', () => {
    const excused = { excused: new Set(['e-a--e1/ipv4']) };
    expect(waits([look(0, lost, excused), look(5000, lost, excused)])).toBe(0);
  });
});

test('the first router with a new AS number has no session left, and its name excuses that', () => {
  const change = { fabric: fabricOf(topology({ bgp: { asNumber: 64999 } })) };
  const all = whole.filter(({ bgp }) => bgp !== undefined).map(({ name }) => name);
  const now = all.reduce((states, name) => down(states, name), whole);
  expect(judged(now, change).filter((line) => line.startsWith('failure'))).toEqual([
    `failure: e1: no session is left (had ${all.length}) [time]`,
  ]);
  const excused = judged(now, { ...change, excused: new Set(['e1']) });
  expect(excused.filter((line) => line.startsWith('failure'))).toEqual([]);
});

describe('routes with an unresolved next hop', () => {
  const unresolved = (count: number, all = whole) =>
    changed(counting(all, 'k3s_e_a_v4', { imported: 40, preferred: 40 }), 'k3s_e_a_v4', (one) => ({
      ...one,
      unresolved: count,
    }));
  const ofEa = (before: readonly ProtocolState[], now: readonly ProtocolState[]) =>
    gate(asked())(before, now)
      .filter(({ kind, about }) => kind === 'routes' && about === 'e-a--e1/ipv4')
      .map(({ level, fixedBy, message }) => `${level} (${fixedBy}): ${message}`);
  const message =
    "e-a--e1/ipv4: 40 of the 40 routes that it brings lead nowhere: the session's table has no route to their next hops, or only one that drops packets";

  test('fail a delivery that causes them, or a session that comes up with them', () => {
    expect(ofEa(counting(whole, 'k3s_e_a_v4', { imported: 40, preferred: 40 }), unresolved(40))).toEqual([
      `failure (time): ${message}`,
    ]);
    expect(ofEa(missing(whole, 'k3s_e_a_v4'), unresolved(40))).toEqual([`failure (time): ${message}`]);
    expect(ofEa(down(whole, 'k3s_e_a_v4'), unresolved(40))).toEqual([`failure (time): ${message}`]);
  });

  test('are reported if they existed before, and a few may come and go', () => {
    expect(ofEa(unresolved(40), unresolved(40))).toEqual([`warning (others): ${message}, as before`]);
    expect(ofEa(unresolved(38), unresolved(40))).toHaveLength(1);
    expect(ofEa(unresolved(37), unresolved(40))).toEqual([`failure (time): ${message}`]);
  });
});
