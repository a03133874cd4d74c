import { bgpRoutes } from '../../../bird/answers/routes.ts';
import { filteredUpdates } from '../../../bird/answers/updates.ts';
import { recorded } from './protocols.ts';

/** The form is that of BIRD 2.0.12 in the lab. */
const ROUTES = `0001 BIRD 2.0.12 ready.
1007-Table master4:
     
     Table intra_table_v4:
     10.42.0.0/26         unicast [k3s_e_a_v4 07:56:25.240] * (110) [i]
     \tvia 192.168.1.11 on eth0
                          unicast [k3s_backbone_e2_v4 07:56:42.247 from 10.0.0.2] (100/20) [i]
     \tvia 172.16.0.2 on eth1 weight 1
     \tvia 172.16.0.3 on eth1 weight 1
     10.42.0.64/26        unreachable [k3s_e_b_v4 07:56:25.104 from 192.168.1.12] * (100/-) [i]
     10.42.7.1/32         unicast [k3s_e_b_v4 2026-11-30] (100) [i]
     \tdev lo
0000 `;

test('routes from BGP, with codes and without', () => {
  const found = [
    {
      prefix: '10.42.0.0/26',
      protocol: 'k3s_e_a_v4',
      isBest: true,
      kind: 'unicast',
      hops: [{ via: '192.168.1.11', dev: 'eth0' }],
    },
    {
      prefix: '10.42.0.0/26',
      protocol: 'k3s_backbone_e2_v4',
      isBest: false,
      kind: 'unicast',
      hops: [
        { via: '172.16.0.2', dev: 'eth1' },
        { via: '172.16.0.3', dev: 'eth1' },
      ],
    },
    { prefix: '10.42.0.64/26', protocol: 'k3s_e_b_v4', isBest: true, kind: 'unreachable', hops: [] },
    {
      prefix: '10.42.7.1/32',
      protocol: 'k3s_e_b_v4',
      isBest: false,
      kind: 'unicast',
      hops: [{ via: undefined, dev: 'lo' }],
    },
  ];
  expect(bgpRoutes(ROUTES)).toEqual(found);
  const plain = ROUTES.split('\n').map((line) => line.replace(/^(\d{4}[- ]| {5})/, ''));
  expect(bgpRoutes(plain.join('\n'))).toEqual(found);
});

test('an error is no route', () => {
  expect(bgpRoutes('9001 syntax error, unexpected $end\n')).toEqual([]);
});

test('what import filters dropped, channel by channel', () => {
  const updates = filteredUpdates(recorded('e1-whole'));
  expect(updates.get('direct1 ipv4')).toEqual({ filtered: 0, accepted: 3 });
  expect([...updates.keys()]).toContain('k3s_e_a_v4 ipv4');
  const dropped = recorded('e1-whole').replaceAll(
    /(Import updates: +\d+ +\d+ +)\d+( +\d+ +)\d+/g,
    (_, before: string, between: string) => `${before}4${between}0`,
  );
  expect(filteredUpdates(dropped).get('k3s_e_a_v4 ipv4')).toEqual({ filtered: 4, accepted: 0 });
});
