import { bootLab, findPrograms } from '../../lab/index.ts';
import type { LabHost, LabPlan } from '../../lab/model.ts';
import { routerFiles } from '../../routers/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { booted, look, scenario } from './labs.ts';
import { redundant } from './topologies.ts';

/** The plan with one file of one host changed. */
const edited = (plan: LabPlan, host: string, path: string, edit: (text: string) => string): LabPlan => ({
  ...plan,
  hosts: plan.hosts.map((one): LabHost => {
    const text = one.files.get(path);
    if (one.name !== host) return one;
    if (text === undefined || edit(text) === text) throw new Error(`${path} of ${host} is not as it was`);
    return { ...one, files: new Map([...one.files, [path, edit(text)]]) };
  }),
});

scenario('a lab built with faults', () => {
  test('a wrong peer address, a node without its label and a BIRD that does not start are each named', async () => {
    const lab = await booted(redundant(), (plan) => {
      const wrong = edited(plan, 'e-a', 'bird.conf', (text) =>
        text.replace('neighbor 192.168.1.1 ', 'neighbor 192.168.1.9 '),
      );
      const unlabelled = edited(wrong, 'e-b', 'bird.conf', (text) =>
        text
          .replace(/^protocol bgp Node_[\s\S]*?^\}\n/gm, '')
          .replace('protocol static {', 'protocol static {\n  route 10.42.9.0/26 blackhole;'),
      );
      return edited(unlabelled, 'w-a', 'bird.conf', (text) =>
        text.replace('protocol kernel {', 'protocol kernel { wat;'),
      );
    });
    try {
      const { message } = await look(lab);
      expect(message('daemon')).toEqual([
        expect.stringMatching(
          /^bird on w-a does not answer: bird: \/run\/lab\/w-a\/bird\.conf:\d+:\d+ syntax error/,
        ),
        // For 192.168.1.9, which does not exist.
        expect.stringMatching(/^BIRD on e-a waits for absent peers, and hides the pods of e-a /),
      ]);
      expect(message('session')).toEqual(
        expect.arrayContaining([
          'e-a--e1/ipv4 is not configured at e-a',
          'e-b--e1/ipv4 is not configured at e-b',
          'e-b--e2/ipv4 is not configured at e-b',
          'w-a--w1/ipv4 is not configured at w-a',
        ]),
      );
      expect(message('session').some((one) => one.startsWith('e-a--e2/ipv4'))).toBe(false);
      expect(message('route')).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^e-a has no route to 10\.42\.0\.\d+\/26, the block of e-b$/),
        ]),
      );
      expect(message('absent')).toEqual([
        'e-b has a route to 10.42.9.0/26, which is not a block of any node',
      ]);
      expect(message('pair')).toEqual(
        expect.arrayContaining([expect.stringMatching(/^e-a to w-a: the pod does not answer/)]),
      );
    } finally {
      await lab.holder.end();
    }
  });

  test('a filter that drops one block shows in the exported routes, although every session is up', async () => {
    const drop = (text: string) =>
      text.replace(
        'function is_insider_as() {',
        'function is_insider_as() {\n  if net = 10.42.0.0/26 then return false;',
      );
    const lab = await booted(redundant(), (plan) =>
      ['e1', 'e2', 'w1'].reduce((all, host) => edited(all, host, 'k3s/ibgp.conf', drop), plan),
    );
    try {
      const { message } = await look(lab);
      expect(message('session')).toEqual([]);
      expect(message('export')).toEqual(
        expect.arrayContaining(['e1 sends e-b 1 routes instead of 2 (e-b--e1/ipv4)']),
      );
      expect(message('route')).toEqual(
        expect.arrayContaining(['w-a has no route to 10.42.0.0/26, the block of e-a']),
      );
    } finally {
      await lab.holder.end();
    }
  });

  test('a filter that BIRD applies to the wrong type shows in its log', async () => {
    const brackets = (text: string) =>
      text.replace('bgp_next_hop ~ 192.168.1.0/24', 'bgp_next_hop ~ [ 192.168.1.0/24 ]');
    const lab = await booted(redundant(), (plan) => edited(plan, 'e1', 'k3s/ibgpeers/e-a.conf', brackets));
    try {
      const { message } = await look(lab);
      expect(message('log')).toEqual(
        expect.arrayContaining([expect.stringContaining('~ applied on unknown type pair')]),
      );
    } finally {
      await lab.holder.end();
    }
  });

  test('a full disk is reported, and leaves nothing behind', async () => {
    const programs = findPrograms('.');
    if ('message' in programs) throw new Error(programs.fix);
    const full = bootLab({ fabric: fabricOf(redundant()), routerFiles, programs, room: '16k' });
    await expect(full).rejects.toThrow(/ENOSPC/);
  });
});
