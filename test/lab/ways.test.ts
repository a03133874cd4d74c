import { nodeBlocks } from '../../fabric/index.ts';
import type { Lab } from '../../lab/index.ts';
import { startPings } from '../../lab/rides.ts';
import { letPass } from '../../lab/waits.ts';
import { expectFelt } from './felt.ts';
import { booted, look, on, scenario } from './labs.ts';
import { redundant } from './topologies.ts';

/** The address of a node's pod. */
const podOf = (lab: Lab, node: string): string =>
  lab.plan.pods.find((pod) => pod.node === node)?.addresses[0]?.text ?? '';

/** Nearly all flows take the first path, or nearly all the second: the lab's verdict must be the same. */
const WEIGHTS = [
  [256, 1],
  [1, 256],
] as const;

/**
 * Gives a machine paths other than BGP's, in a table that precedes the main one: routes added to the main table would be announced by
 * the node's BIRD.
 */
async function sends(lab: Lab, machine: string, route: string): Promise<void> {
  await on(lab, machine, `ip rule add pref 100 lookup 77; ip route add table 77 ${route}`);
}

async function asBefore(lab: Lab, machine: string): Promise<void> {
  await on(lab, machine, 'ip rule del pref 100; ip route flush table 77');
}

scenario('each of several equal paths is judged, whichever one a flow takes', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await booted(redundant());
  });
  afterAll(async () => lab?.holder.end());

  test.each(WEIGHTS)('one turns around (weights %i and %i)', async (one, other) => {
    const hops = `nexthop via 192.168.1.12 weight ${one} nexthop via 192.168.1.1 weight ${other}`;
    await sends(lab, 'e-a', `${podOf(lab, 'e-b')} ${hops}`);
    const { failures, probed } = await look(lab);
    await asBefore(lab, 'e-a');
    expect(failures.map(({ message }) => message)).toEqual([
      'e-a to e-b: e-a forwards to e1, not to e-b (e-a > e1 > e-b)',
      'e-a to e-b: turns around at e1 on east-lan (e-a > e1 > e-b)',
    ]);
    expect(probed.every(({ reached, isLossy }) => reached && !isLossy)).toBe(true);
  });

  test.each(WEIGHTS)('one leads to an address that nobody has (weights %i and %i)', async (one, other) => {
    const hops = `nexthop via 192.168.1.12 weight ${one} nexthop via 192.168.1.99 weight ${other}`;
    await sends(lab, 'e-a', `${podOf(lab, 'e-b')} ${hops}`);
    const { failures } = await look(lab);
    await asBefore(lab, 'e-a');
    expect(failures.map(({ message }) => message)).toEqual([
      'e-a to e-b: some packets are lost; the path ends at e-a',
      'e-a to e-b: e-a forwards to nobody (192.168.1.99), not to e-b (e-a > e-b)',
      'e-b to e-a: some packets are lost; the return path ends at e-a',
    ]);
  });

  test.each(['e1', 'e2'])('one that fails for a moment is felt: %s', async (router) => {
    const pings = await startPings(lab, lab);
    await letPass(lab, 1000);
    await sends(lab, router, `blackhole ${nodeBlocks(lab.fabric).get('w-a')?.[0]?.text}`);
    await letPass(lab, 3000);
    await asBefore(lab, router);
    await letPass(lab, 1500);
    const rides = await pings.end();
    // Both are used: e-a has two next hops towards the other region.
    expectFelt(rides, ['e-a w-a', 'e-b w-a', 'w-a e-a', 'w-a e-b']);
    expect(rides.every(({ isSilent }) => !isSilent)).toBe(true);
    // Nothing of the flows' sources is left.
    expect(await on(lab, 'e-a', 'ip rule; ip -6 rule; ip route show table 78')).not.toContain('78');
  });

  test.each(WEIGHTS)('one ends at a router behind the first (weights %i and %i)', async (one, other) => {
    const pod = podOf(lab, 'w-a');
    const hops = `nexthop via 192.168.1.1 weight ${one} nexthop via 192.168.1.2 weight ${other}`;
    await sends(lab, 'e-a', `${pod} ${hops}`);
    await sends(lab, 'e2', `blackhole ${pod}`);
    const { failures } = await look(lab);
    await asBefore(lab, 'e2');
    await asBefore(lab, 'e-a');
    expect(failures.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'e-a to w-a: some packets are lost; the path ends at e2',
        'w-a to e-a: some packets are lost; the return path ends at e2',
      ]),
    );
    // The others also use e2, where the kernel chooses between two equal paths without weights.
    expect(failures.every(({ kind, message }) => kind === 'pair' && message.endsWith('ends at e2'))).toBe(
      true,
    );
  });

  test.each(WEIGHTS)('one is too narrow for the pods (weights %i and %i)', async (one, other) => {
    const pod = podOf(lab, 'w-a');
    const hops = `nexthop via 192.168.1.1 weight ${one} nexthop via 192.168.1.2 weight ${other}`;
    const port = lab.plan.segments
      .find(({ name }) => name === 'core')
      ?.ports.find(({ host }) => host === 'e2');
    await sends(lab, 'e-a', `${pod} ${hops}`);
    await on(lab, 'e2', `ip link set ${port?.interface} mtu 1300`);
    const { message } = await look(lab);
    await on(lab, 'e2', `ip link set ${port?.interface} mtu 1420`);
    await asBefore(lab, 'e-a');
    for (const one of lab.plan.pods) {
      await on(lab, one.netns, `ip link set eth0 mtu ${one.mtu}; ip route flush cache`);
      await on(lab, one.node, 'ip route flush cache');
    }
    const too = "packets of the pods' MTU, 1380 bytes, do not arrive";
    expect(message('mtu')).toEqual(
      expect.arrayContaining([
        `e-a to w-a: ${too} on the forward path e-a > e2 > w1 > w-a`,
        `w-a to e-a: ${too} on the forward path w-a > w1 > e2 > e-a`,
      ]),
    );
    expect(message('mtu').some((fault) => fault.startsWith('e-a to e-b'))).toBe(false);
  });
});
