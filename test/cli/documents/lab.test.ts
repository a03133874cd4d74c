import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scenario } from '../../lab/labs.ts';
import { documentIn, gitIn, noencap, scratch } from '../run.ts';

/** Labs that stay are found by their name: ours is none that somebody has up. */
const NAME = `documents-${process.pid}`;

let folder: string;
beforeEach(() => {
  folder = scratch();
  expect(noencap(folder, ['init']).code).toBe(0);
  const file = join(folder, 'topology.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^name: \S+/m, `name: ${NAME}`));
});
afterEach(() => rmSync(folder, { recursive: true }));

const lab = (...args: readonly string[]) => documentIn(noencap(folder, ['lab', ...args, '--json']).stdout);

scenario('the documents of labs', () => {
  test('of one that is proved', () => {
    expect(lab('--fail', 'gateway--kube-1/ipv4')).toMatchObject({
      command: 'lab',
      ok: true,
      network: NAME,
      failed: [{ kind: 'session', name: 'gateway--kube-1/ipv4' }],
      pairs: [{ from: 'kube-1', to: 'kube-2', reached: true }, {}],
    });
  });

  test('of one that stays', () => {
    expect(lab('up')).toMatchObject({ command: 'lab up', ok: true, hosts: ['gateway', 'kube-1', 'kube-2'] });
    try {
      expect(lab('routes', 'kube-1')).toMatchObject({
        command: 'lab routes',
        ok: true,
        host: 'kube-1',
        routes: expect.arrayContaining([expect.stringContaining('proto bird')]),
      });
      expect(lab('birdc', 'gateway', 'show', 'nonsense')).toMatchObject({
        command: 'lab birdc',
        ok: false,
        replies: [
          { daemon: 'bird', code: expect.any(Number), text: expect.stringContaining('syntax error') },
        ],
      });
      expect(lab('up')).toMatchObject({ command: 'lab up', ok: false, faults: [{ code: 'lab' }] });
    } finally {
      expect(lab('down')).toMatchObject({ command: 'lab down', ok: true, network: NAME });
    }
    expect(lab('down')).toMatchObject({ command: 'lab down', ok: false, faults: [{ code: 'lab' }] });
  });

  test('of a change and of a reboot', () => {
    gitIn(folder, 'init', '-q', '-b', 'main');
    gitIn(folder, 'add', '-A');
    gitIn(folder, 'commit', '-qm', 'base');
    const file = join(folder, 'topology.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^bgp:$/m, 'bgp:\n  nodeToNodeMesh: false'));
    expect(lab('rehearse', '--base', 'HEAD')).toMatchObject({
      command: 'lab rehearse',
      base: 'HEAD',
      sessions: expect.arrayContaining([{ id: 'kube-1--kube-2/ipv4', change: 'gone' }]),
      pairs: expect.arrayContaining([expect.objectContaining({ from: 'kube-1', to: 'kube-2' })]),
    });
    expect(lab('rehearse', '--reboot', 'kube-1')).toMatchObject({
      command: 'lab rehearse --reboot',
      node: 'kube-1',
      failed: [],
      recovery: expect.any(Number),
    });
  });
});
