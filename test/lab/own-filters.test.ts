import { booted, look, on, scenario, UNTIL_THERE } from './labs.ts';
import { redundant } from './topologies.ts';

scenario("Calico's own filters", () => {
  test('hide a block from a router, which shows in what the router announces', async () => {
    const calico = {
      version: 'v3.31.7',
      filters: {
        hide: {
          routers: ['e1', 'e2'],
          import: [
            { action: 'Reject' as const, match: { cidr: '10.42.0.128/26', operator: 'Equal' as const } },
            {
              action: 'Accept' as const,
              match: { cidr: '10.42.0.0/16', operator: 'NotIn' as const },
              source: 'RemotePeers' as const,
            },
          ],
          export: [
            {
              action: 'Reject' as const,
              match: { cidr: '10.42.0.0/25', operator: 'In' as const },
              prefixLength: { min: 27, max: 32 },
            },
            { action: 'Reject' as const, match: { cidr: '10.42.0.64/26', operator: 'Equal' as const } },
          ],
        },
      },
    };
    const lab = await booted(redundant({ calico }));
    try {
      const { message } = await look(lab);
      expect(message('daemon')).toEqual([]);
      expect(message('session')).toEqual([]);
      // e-b's block is never announced, w-a's never accepted; e-a's passes.
      expect(message('route')).toEqual(
        expect.arrayContaining([
          'w1 has no route to 10.42.0.64/26, the block of e-b',
          'e-a has no route to 10.42.0.128/26, the block of w-a',
        ]),
      );
      expect(message('route').some((one) => one.includes('10.42.0.0/26'))).toBe(false);
    } finally {
      await lab.holder.end();
    }
  });

  test('that accept single addresses announce every pod to every machine, on the same path as its block', async () => {
    const accept = { action: 'Accept' as const, match: { cidr: '10.42.0.0/16', operator: 'In' as const } };
    const topology = redundant({
      calico: { version: 'v3.32.1', filters: { early: { routers: ['e1', 'e2'], export: [accept] } } },
    });
    const lab = await booted({ ...topology, bgp: { ...topology.bgp, exportBorrowed: true } });
    try {
      expect((await look(lab, [], UNTIL_THERE)).failures).toEqual([]);
      // NE409 names the pods of both nodes in the east; w1 has no such filter, so those of w-a stay there.
      expect(await on(lab, 'w-a', 'ip route show proto bird')).toMatch(
        /^10\.42\.0\.1 via 192\.168\.2\.1 dev eth0 metric 1024/m,
      );
      expect(await on(lab, 'w-a', 'ip route show 10.42.0.65')).toContain('via 192.168.2.1');
      expect(await on(lab, 'e-a', 'ip route show 10.42.0.129')).toBe('');
    } finally {
      await lab.holder.end();
    }
  });

  test("of v3.32 announce routes better than a pod's, as during a migration; a pod has the metric that Felix sets", async () => {
    const lab = await booted(redundant({ calico: { version: 'v3.32.1' } }));
    try {
      expect((await look(lab, [], UNTIL_THERE)).failures).toEqual([]);
      await on(lab, 'w-a', 'ip route add blackhole 10.42.0.140/32 metric 1024');
      await on(lab, 'w-a', 'ip route add blackhole 10.42.0.141/32');
      const came = 'timeout 200 sh -c "until ip route show 10.42.0.141 | grep -q via; do sleep 0.2; done"';
      const route = await on(lab, 'e-a', `${came}; ip route show 10.42.0.141`);
      expect(route).toContain('via 192.168.1.1 ');
      // LOCAL_PREF was 2147483647 minus the metric; the remainder is the metric here: none.
      expect(route).not.toContain('metric');
      expect(await on(lab, 'e-a', 'ip route show 10.42.0.140')).toBe('');
    } finally {
      await lab.holder.end();
    }
  });
});
