import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forecast } from '../../analysis/index.ts';
import { bgpStates } from '../../bird/answers/protocols.ts';
import { expectations, nodeBlocks, routerIdText } from '../../fabric/index.ts';
import { askBirdEach } from '../../lab/birdc.ts';
import { without } from '../../lab/fail.ts';
import { askBird, findPrograms, type Lab } from '../../lab/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant, report } from './topologies.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'noencap-lab-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('what the lab needs', () => {
  const program = (name: string) => {
    mkdirSync(join(folder, 'bin'), { recursive: true });
    writeFileSync(join(folder, 'bin', name), '#!/bin/sh\n', { mode: 0o755 });
  };

  test('is named if it is missing, with the command to install it', () => {
    program('ip');
    program('nsenter');
    program('unshare');
    expect(findPrograms(folder, [join(folder, 'bin')])).toEqual({
      message: 'the lab needs bird (2), fping, ping',
      fix: 'Run: scripts/setup-lab.sh',
    });
  });

  test('without BIRD 1.6 nodes run BIRD 2, which is an approximation', () => {
    for (const name of ['ip', 'nsenter', 'unshare', 'fping', 'ping', 'bird']) program(name);
    const bird = join(folder, 'bin', 'bird');
    expect(findPrograms(folder, [join(folder, 'bin')])).toEqual({
      bird2: bird,
      bird1: bird,
      'bird1-ipv6': bird,
      approximate: true,
    });
  });

  test('a BIRD 1.6 that others can change is not run: the message names its owner instead of calling it missing', () => {
    for (const name of ['ip', 'nsenter', 'unshare', 'fping', 'ping', 'bird']) program(name);
    const own = join(folder, '.cache', 'bird1', 'usr', 'sbin');
    mkdirSync(own, { recursive: true });
    for (const name of ['bird', 'bird6']) writeFileSync(join(own, name), '#!/bin/sh\n', { mode: 0o755 });
    expect(findPrograms(folder, [join(folder, 'bin')])).toMatchObject({
      bird1: realpathSync(join(own, 'bird')),
      approximate: false,
    });
    chmodSync(join(own, 'bird6'), 0o757);
    expect(findPrograms(folder, [join(folder, 'bin')])).toEqual({
      message: `${realpathSync(join(own, 'bird6'))} can be written by other users (mode 0757): the lab runs no BIRD 1.6.8 that somebody else can change`,
      fix: 'Unpack it again: rm -rf .cache/bird1 && scripts/setup-lab.sh',
    });
  });
});

describe('the control socket', () => {
  /** A BIRD that gives this answer to each question, in two pieces, as a stream may deliver it. */
  const serve = (...answers: readonly string[]) =>
    new Promise<{ socket: string; close: () => void }>((ready) => {
      const socket = join(folder, 'ctl');
      const server = createServer((connection) => {
        connection.setNoDelay(true).write('0001 BIRD 2.0.12 ready.\n');
        let next = 0;
        connection.on('error', () => {});
        connection.on('data', () => {
          const answer = answers[next++] ?? '';
          connection.write(answer.slice(0, 7), () => setImmediate(() => connection.write(answer.slice(7))));
        });
      }).listen(socket, () => ready({ socket, close: () => server.close() }));
    });

  test('gives the last code, and the text without codes', async () => {
    const { socket, close } = await serve('1002-one\n two\n1002-three\n0000 \n');
    expect(await askBird(socket, 'show something')).toEqual({ code: 0, text: 'one\ntwo\nthree\n' });
    close();
  });

  test('answers several questions one after the other', async () => {
    const { socket, close } = await serve('1002-one\n0000 \n', '9001 syntax error\n', '1002-three\n0000 \n');
    expect(await askBirdEach(socket, ['a', 'b', 'c'])).toEqual([
      { code: 0, text: 'one\n' },
      { code: 9001, text: 'syntax error\n' },
      { code: 0, text: 'three\n' },
    ]);
    close();
  });

  test.each([
    ['bytes', { bytes: 1000, lines: 1000, line: 1000 }, ' more\n'.repeat(200)],
    ['lines', { bytes: 1000, lines: 10, line: 1000 }, ' \n'.repeat(20)],
    ['one line', { bytes: 1000, lines: 1000, line: 100 }, ` ${'x'.repeat(200)}\n`],
  ])('is read up to a limit: an answer with more %s is no answer', async (_, most, more) => {
    const { socket, close } = await serve('0001 fine\n', `1002-one\n${more}0000 \n`);
    expect(await askBirdEach(socket, ['a', 'b'], most)).toEqual([{ code: 1, text: 'fine\n' }]);
    close();
  });

  test('without a daemon is undefined', async () => {
    expect(await askBird(join(folder, 'nowhere'), 'show status')).toBeUndefined();
  });
});

test('BGP protocols are read in the same way from BIRD 2 and BIRD 1.6', () => {
  const two = `k3s_a_v4   BGP        ---        up     06:24:39.417  Established
  BGP state:          Established
    Neighbor address: 192.168.1.11
  Channel ipv4
    Routes:         1 imported, 2 exported, 1 preferred
  Channel ipv6
    Routes:         3 imported, 1 filtered, 4 exported, 1 preferred

`.replace('3 imported, 1 filtered, 4', '3 imported, 4');
  const one = `Mesh_192_168_100_251 BGP      master   start  06:23:49    Passive
  Preference:     100
  BGP state:          Passive
    Neighbor address: fd00::1%eth0
`;
  expect(bgpStates(`direct1    Direct     ---        up     06:24:31\n\n${two}${one}`)).toEqual([
    {
      name: 'k3s_a_v4',
      state: 'Established',
      neighbor: '192.168.1.11',
      imported: 4,
      exported: 6,
      since: '06:24:39.417',
    },
    {
      name: 'Mesh_192_168_100_251',
      state: 'start Passive',
      neighbor: 'fd00::1',
      imported: 0,
      exported: 0,
      since: '06:23:49',
    },
  ]);
});

test("a router ID derived from a name equals Calico's", () => {
  // The first two as confd wrote them; SHA-256 of the last begins with 245, 194, 139, 227.
  expect(routerIdText('one', undefined)).toBe('118.146.195.173');
  expect(routerIdText('two', undefined)).toBe('63.196.204.254');
  expect(routerIdText('node-18', undefined)).toBe('213.194.139.227');
});

test('a router ID derived from a name is stable, and differs from that of another name', () => {
  expect(routerIdText('kube-1', undefined)).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(routerIdText('kube-1', undefined)).toBe(routerIdText('kube-1', undefined));
  expect(routerIdText('kube-1', undefined)).not.toBe(routerIdText('kube-2', undefined));
});

describe('blocks of nodes', () => {
  test('are those in the topology, and for the other nodes the first free ones', () => {
    const topology = redundant();
    const nodes = {
      ...topology.nodes,
      'e-b': { region: 'east', role: 'agent' as const, address: '192.168.1.12', block: '10.42.0.0/26' },
    };
    const blocks = nodeBlocks(fabricOf({ ...topology, nodes }));
    expect([...blocks].map(([name, own]) => [name, own.map(({ text }) => text)])).toEqual([
      ['e-a', ['10.42.0.64/26']],
      ['e-b', ['10.42.0.0/26']],
      ['w-a', ['10.42.0.128/26']],
    ]);
  });

  test('are assigned from each pool, including the retiring one', () => {
    const topology = {
      ...redundant(),
      pods: { cidrs: ['10.44.0.0/16'], retiring: ['10.42.0.0/16'] },
      calico: { version: 'v3.32.1', api: 'projectcalico.org/v3' as const },
      k3s: { version: 'v1.34.5+k3s1', clusterCidrs: ['10.42.0.0/16'] },
    };
    const nodes = {
      ...topology.nodes,
      'e-b': { ...topology.nodes?.['e-b'], block: '10.42.7.0/26' } as never,
    };
    const blocks = nodeBlocks(fabricOf({ ...topology, nodes }));
    expect([...blocks].map(([name, own]) => [name, own.map(({ text }) => text)])).toEqual([
      ['e-a', ['10.44.0.0/26', '10.42.0.0/26']],
      ['e-b', ['10.42.7.0/26', '10.44.0.64/26']],
      ['w-a', ['10.44.0.128/26', '10.42.0.64/26']],
    ]);
  });

  test('run out with the pool', () => {
    const pods = { cidrs: ['10.42.0.0/25'] };
    const blocks = nodeBlocks(fabricOf({ ...redundant(), pods }));
    expect([...blocks.values()].map((own) => own.length)).toEqual([1, 1, 0]);
  });
});

describe('what must hold', () => {
  const stepsOf = (topology: ReturnType<typeof report>, from: string, to: string) => {
    const pair = expectations(fabricOf(topology)).pairs.find((one) => one.from === from && one.to === to);
    return [...(pair?.steps ?? [])].map(
      ([machine, steps]) => `${machine}: ${steps.map((step) => step.to).join(' or ')}`,
    );
  };

  test("in the report's network: one path between regions, neighbours directly", () => {
    expect(stepsOf(report(), 'kubemaster', 'kubenode-hkg04')).toEqual([
      'kubemaster: gateway',
      'gateway: cn-ns',
      'cn-ns: global-ns',
      'global-ns: kubenode-hkg04',
    ]);
    expect(stepsOf(report(), 'kubemaster', 'kubenode-wds-1')).toEqual(['kubemaster: kubenode-wds-1']);
    const self = report({ reflectorNextHop: 'self' });
    expect(stepsOf(self, 'kubemaster', 'kubenode-wds-1')[0]).toBe('kubemaster: gateway or kubenode-wds-1');
  });

  test('with two reflectors either one is right', () => {
    expect(stepsOf(redundant(), 'w-a', 'e-a')).toEqual(['w-a: w1', 'w1: e1 or e2', 'e2: e-a', 'e1: e-a']);
  });

  test('without a session between regions nothing is reachable', () => {
    const bgp = { nodeToNodeMesh: false, backboneMesh: false };
    const { pairs } = expectations(fabricOf(redundant({ bgp })));
    expect(pairs.filter(({ reachable }) => reachable).map(({ from, to }) => `${from} ${to}`)).toEqual([
      'e-a e-b',
      'e-b e-a',
    ]);
  });
});

test.each(['wait', 'feed'])('of a BIRD 1.6 that recovers, which says %s, no session is missing', (state) => {
  const text = `Node_10_0_0_1 BGP      master   start  08:23:49    Connect
    Neighbor address: 10.0.0.1

Node_10_0_0_2 BGP      master   ${state}   08:23:50    Established
    Neighbor address: 10.0.0.2
`;
  expect(bgpStates(text).map(({ neighbor, state: is }) => [neighbor, is])).toEqual([
    ['10.0.0.1', 'start Connect'],
    ['10.0.0.2', 'Established'],
  ]);
});

test("after a failure no machine's route to a borrowed address is expected or forbidden", () => {
  const fabric = fabricOf(redundant());
  const failed = [{ kind: 'router', name: fabric.routers[0]?.name ?? '' }] as const;
  const foretold = forecast(fabric, failed);
  const lab = { fabric, plan: { hosts: [] as Lab['plan']['hosts'] } } as Lab;
  const borrowed = without(lab, failed, foretold).expected.borrowed ?? [];
  expect(borrowed.map(({ address }) => address.text)).toEqual(
    foretold.borrowed?.map(({ address }) => address.text),
  );
  expect(borrowed.map(({ withRoute }) => withRoute)).toContain(undefined);
  expect(borrowed.filter(({ withRoute }) => withRoute !== undefined)).toEqual([]);
});
