import { firstFound } from '../fabric/networks.ts';
import { booted, look, scenario } from './labs.ts';

scenario('Calico detects a different address than the topology has', () => {
  test('its BIRD peers from the detected one: the mesh stays down, and the failure says why', async () => {
    const lab = await booted(firstFound({ canReach: '192.168.1.1' }), undefined, 4000);
    try {
      const seen = await look(lab);
      expect(seen.message('address')).toEqual([
        'Calico on a peers from 192.168.1.11 instead of 10.9.0.11; in this lab it does',
        'Calico on b peers from 192.168.1.12 instead of 10.9.0.12; in this lab it does',
      ]);
      expect(seen.message('session')).toContain('a--b/ipv4 is not configured at a');
    } finally {
      await lab.holder.end();
    }
  });

  test('with the node-ip that noencap writes everything is right', async () => {
    const lab = await booted(firstFound('kubernetes'));
    try {
      expect((await look(lab)).failures).toEqual([]);
    } finally {
      await lab.holder.end();
    }
  });

  test('a node that detects none does not start at all', async () => {
    const topology = firstFound('firstFound');
    const { a } = topology.nodes ?? {};
    if (a === undefined) throw new Error('a is not there');
    topology.nodes = { ...topology.nodes, a: { ...a, interfaces: { mgmt: 'virbr0', zt: 'dummy0' } } };
    const lab = await booted(topology, undefined, 4000);
    try {
      expect((await look(lab)).message('address')).toContain('Calico on a finds no IPv4 address');
    } finally {
      await lab.holder.end();
    }
  });
});
