import { countersOf, isStill, untilStill } from '../../../delivery/forwarded.ts';
import { type Bird, local } from '../bird.ts';
import { done, theirs } from '../steps.ts';

let bird: Bird;
beforeAll(() => {
  bird = theirs();
});
afterAll(() => bird.end());

/** One machine passes on what another one sends to a third. */
const THREE = `set -e
ip link add va type veth peer name vb
ip netns add left; ip netns add right; ip link set va netns left
ip link add vc type veth peer name vd; ip link set vc netns right
ip -n left addr add 10.9.1.1/24 dev va; ip -n left link set va up; ip addr add 10.9.1.2/24 dev vb; ip link set vb up
ip -n right addr add 10.9.2.1/24 dev vc; ip -n right link set vc up; ip addr add 10.9.2.2/24 dev vd; ip link set vd up
ip -n left route add default via 10.9.1.2; ip -n right route add default via 10.9.2.2
ip -n left -6 addr add fd09:1::1/64 dev va nodad; ip -6 addr add fd09:1::2/64 dev vb nodad
ip -n right -6 addr add fd09:2::1/64 dev vc nodad; ip -6 addr add fd09:2::2/64 dev vd nodad
ip -n left -6 route add default via fd09:1::2; ip -n right -6 route add default via fd09:2::2
echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
# Its own packets do not count, and those that it passes on count in each direction.
ip netns exec left ping -qc 7 -i 0.05 10.9.1.2 >/dev/null
ip netns exec left ping -qc 3 -i 0.05 10.9.2.1 >/dev/null
ip netns exec left ping -6 -qc 2 -i 0.05 fd09:2::1 >/dev/null
`;

(process.env.NOENCAP_NO_NETNS === '1' ? test.skip : test)(
  'the kernel counts what it passes on, of both families, with each shell',
  async () => {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    for (const shell of ['dash', 'bash', 'busybox sh']) {
      const inside = `mount -t tmpfs tmpfs /run/netns 2>/dev/null || { mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; }\n${THREE}exec ${shell} "$@"`;
      const remote = local({ shell: ['unshare', ...user, '--net', '--mount', 'sh', '-c', inside, 'sh'] });
      const { forwarded, interfaces } = done(await countersOf(remote, bird.settings));
      expect({ shell, ...Object.fromEntries(forwarded) }).toEqual({ shell, ipv4: 6, ipv6: 4 });
      expect([...interfaces.keys()].sort()).toEqual(['vb', 'vd']);
      expect(interfaces.get('vb')?.received).toBeGreaterThanOrEqual(7 + 3 + 2);
    }
  },
);

test('a router whose counters stand still is still; one that passes packets on is not, and the time is up', async () => {
  const remote = (forwarded: () => number) => ({
    run: async () => ({
      code: 0,
      stdout: `protocol 7\nforwarded ipv4 ${forwarded()}\nforwarded ipv6 0\ninterface eth0 ${forwarded()} 1\nend\n`,
      stderr: '',
    }),
  });
  const { signal } = new AbortController();
  const still = done(
    await untilStill(
      remote(() => 12),
      bird.settings,
      60,
      signal,
    ),
  );
  expect({ still: isStill(still), ...Object.fromEntries(still.packets) }).toEqual({
    still: true,
    ipv4: 0,
    ipv6: 0,
  });
  let count = 0;
  const busy = done(
    await untilStill(
      remote(() => {
        count += 50;
        return count;
      }),
      bird.settings,
      5,
      signal,
    ),
  );
  expect(isStill(busy)).toBe(false);
  expect(busy.packets.get('ipv4')).toBeGreaterThan(0);
  expect(busy.interfaces[0]?.name).toBe('eth0');
}, 60_000);

test('an answer that the script cannot give is not understood', async () => {
  const said = (stdout: string) =>
    countersOf({ run: async () => ({ code: 0, stdout, stderr: '' }) }, bird.settings);
  expect((await said('protocol 7\nforwarded ipv4 -3\nend\n')).failed?.kind).toBe('garbled');
  expect((await said('protocol 7\ninterface eth0 1 2\nend\n')).failed?.message).toContain('forwarded ipv4');
});
