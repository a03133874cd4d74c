import { nodeBlocks } from '../../fabric/index.ts';
import { type Lab, wayLengths } from '../../lab/index.ts';
import { startPings } from '../../lab/rides.ts';
import { letPass } from '../../lab/waits.ts';
import { NETWORKS } from '../routers/networks.ts';
import { expectFelt } from './felt.ts';
import { booted, look, on, scenario, UNTIL_THERE } from './labs.ts';

scenario('pods that communicate over both families', () => {
  let lab: Lab;
  beforeAll(async () => {
    const network = NETWORKS['redundant-dual-stack'] as NonNullable<(typeof NETWORKS)[string]>;
    // A manual route to a single address on a node would be announced like a borrowed one.
    lab = await booted({ ...network, bgp: { ...network.bgp, exportBorrowed: false } });
  });
  afterAll(async () => lab?.holder.end());

  test('IPv6 takes the paths of IPv4, with the same MTU', async () => {
    const { failures, probed } = await look(lab, [], UNTIL_THERE);
    expect(failures).toEqual([]);
    const ways = (family: string) =>
      probed
        .filter(({ pair }) => pair.family === family)
        .map(({ pair, there, pathMtu }) => [
          pair.from,
          pair.to,
          ...(there ? wayLengths(there) : []),
          pathMtu,
        ]);
    expect(ways('ipv6')).toEqual([
      ['e-a', 'e-b', 1, 1500],
      ['e-a', 'w-a', 3, 1420],
      ['e-b', 'e-a', 1, 1500],
      ['e-b', 'w-a', 3, 1420],
      ['w-a', 'e-a', 3, 1420],
      ['w-a', 'e-b', 3, 1420],
    ]);
    expect(ways('ipv4')).toEqual(ways('ipv6'));
  });

  test('a hairpin of IPv6 alone is detected', async () => {
    const pod = lab.plan.pods
      .find(({ node }) => node === 'e-b')
      ?.addresses.find(({ family }) => family === 'ipv6')?.text;
    const route = `${pod} via fd00:1::1 proto static`;
    await on(lab, 'e-a', `ip -6 route add ${route}`);
    const { message } = await look(lab);
    await on(lab, 'e-a', `ip -6 route del ${route}`);
    expect(message('path')).toEqual(['e-a to e-b (ipv6): e-a forwards to e1, not to e-b (e-a > e1 > e-b)']);
  });

  test.each(['e1', 'e2'])('of two equal ways one that fails for a moment is felt: %s', async (router) => {
    const block = nodeBlocks(lab.fabric)
      .get('w-a')
      ?.find(({ family }) => family === 'ipv6')?.text;
    const pings = await startPings(lab, lab);
    await letPass(lab, 1000);
    await on(lab, router, `ip -6 rule add pref 100 lookup 77; ip -6 route add table 77 blackhole ${block}`);
    await letPass(lab, 3000);
    await on(lab, router, 'ip -6 rule del pref 100; ip -6 route flush table 77');
    await letPass(lab, 1500);
    expectFelt(await pings.end(), ['e-a w-a', 'e-b w-a', 'w-a e-a', 'w-a e-b']);
  });

  test('a path with a smaller MTU than declared loses large IPv6 packets, and the failure names the pairs', async () => {
    const own = lab.plan.segments
      .find(({ name }) => name === 'core')
      ?.ports.find(({ host }) => host === 'w1')?.interface;
    await on(lab, 'w1', `ip link set ${own} mtu 1300`);
    const { message } = await look(lab);
    expect(message('mtu')).toContainEqual(
      expect.stringMatching(/^w-a to e-a \(ipv6\): packets of 1420 bytes do not arrive/),
    );
    expect(message('mtu').some((one) => one.startsWith('e-a to e-b'))).toBe(false);
  });
});
