import {
  askBird,
  bootLab,
  breakIt,
  type Failing,
  failing,
  findPrograms,
  hostFolder,
  type Lab,
} from '../../lab/index.ts';
import type { LabHost, LabPlan } from '../../lab/plan.ts';
import { routerFiles } from '../../routers/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { booted, look, on, scenario } from './labs.ts';
import { redundant } from './topologies.ts';

const named = (lab: Lab, name: string): Failing => {
  const one = failing(lab.fabric, name);
  if (one === undefined) throw new Error(`nothing is called ${name}`);
  return one;
};

/** The port of a host on a segment's bridge, and the host's own interface there. */
function port(lab: Lab, segment: string, host: string) {
  const found = lab.plan.segments
    .find(({ name }) => name === segment)
    ?.ports.find((one) => one.host === host);
  if (found === undefined) throw new Error(`${host} is not on ${segment}`);
  return found;
}

/** Waits until a ping from one pod to another arrives; `never` if that takes longer than so many seconds. */
const back = async (lab: Lab, from: string, to: string, seconds: number): Promise<string> => {
  const address = lab.plan.pods.find(({ node }) => node === to)?.addresses[0]?.text;
  const command = `nsenter --net=/run/netns/${from}+pod timeout ${seconds} sh -c 'until fping -q -r 0 -t 200 ${address} >/dev/null 2>&1; do :; done' && echo back || echo never`;
  return (await lab.holder.run(command)).stdout.trim();
};

scenario('two reflectors on one LAN, while something breaks', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await booted(redundant());
  });
  afterAll(async () => lab?.holder.end());

  test('all is well at first', async () => {
    expect((await look(lab, [], 5000)).failures).toEqual([]);
  });

  test('one session of a pair is lost: no node hairpins, and nothing else changes', async () => {
    const session = named(lab, 'e-a--e1/ipv4');
    await breakIt(lab, session);
    expect((await look(lab, [session], 15_000)).failures).toEqual([]);
    const { failures } = await look(lab);
    expect(failures.map(({ says }) => says)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^e-a--e1\/ipv4 is .* at e1$/)]),
    );
    await askBird(lab.holder.path(`${hostFolder('e1')}/bird.ctl`), 'enable all');
    expect((await look(lab, [], 20_000)).failures).toEqual([]);
  });

  test("a segment loses MTU: packets of the pods' size vanish, and it is said between whom", async () => {
    const { interface: own } = port(lab, 'core', 'w1');
    await on(lab, 'w1', `ip link set ${own} mtu 1300`);
    const { says } = await look(lab);
    expect(says('mtu')).toContain("w-a to e-a: packets of the pods' MTU, 1380 bytes, do not arrive");
    expect(says('mtu').some((one) => one.startsWith('e-a to e-b'))).toBe(false);
    await on(lab, 'w1', `ip link set ${own} mtu 1420`);
    for (const pod of lab.plan.pods)
      await on(lab, pod.netns, `ip link set eth0 mtu ${pod.mtu}; ip route flush cache`);
  });

  test('a cable comes off at one end: the other reflector takes over within the hold time', async () => {
    const { port: cable } = port(lab, 'east-lan', 'e1');
    await lab.holder.run(`ip link set ${cable} down`);
    expect(await back(lab, 'w-a', 'e-a', 12)).toBe('back');
    expect(await back(lab, 'e-b', 'w-a', 12)).toBe('back');
    await lab.holder.run(`ip link set ${cable} up`);
    expect((await look(lab, [], 25_000)).failures).toEqual([]);
  });

  test('a reflector dies without a word: the other one carries everything within the hold time', async () => {
    const dead = named(lab, 'e1');
    await breakIt(lab, dead);
    expect(await back(lab, 'w-a', 'e-a', 12)).toBe('back');
    expect(await back(lab, 'w-a', 'e-b', 12)).toBe('back');
    expect(await back(lab, 'e-a', 'w-a', 12)).toBe('back');
    const { failures, probed } = await look(lab, [dead], 15_000);
    expect(failures).toEqual([]);
    expect(probed.every(({ reached }) => reached)).toBe(true);
  });

  test('the last way is cut: what cannot be reached is expected to be unreachable, and is', async () => {
    const all = [named(lab, 'e1'), named(lab, 'core')];
    await breakIt(lab, named(lab, 'core'));
    const { failures, probed } = await look(lab, all, 20_000);
    expect(failures).toEqual([]);
    expect(probed.filter(({ reached }) => reached).map(({ pair }) => `${pair.from} ${pair.to}`)).toEqual([
      'e-a e-b',
      'e-b e-a',
    ]);
  });
});

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

scenario("Calico's own filters", () => {
  test('keep a block from a router, which is seen by what the router sends on', async () => {
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
    const lab = await booted(redundant({ calico }), undefined, 10_000);
    try {
      const { says } = await look(lab);
      expect(says('daemon')).toEqual([]);
      expect(says('session')).toEqual([]);
      // e-b's block is never sent, w-a's is never taken; e-a's goes through.
      expect(says('route')).toEqual(
        expect.arrayContaining([
          'w1 has no route to 10.42.0.64/26, the block of e-b',
          'e-a has no route to 10.42.0.128/26, the block of w-a',
        ]),
      );
      expect(says('route').some((one) => one.includes('10.42.0.0/26'))).toBe(false);
    } finally {
      await lab.holder.end();
    }
  });

  test('that accept single addresses tell every machine of every pod, which leads to it as its block does', async () => {
    const accept = { action: 'Accept' as const, match: { cidr: '10.42.0.0/16', operator: 'In' as const } };
    const topology = redundant({
      calico: { version: 'v3.32.1', filters: { early: { routers: ['e1', 'e2'], export: [accept] } } },
    });
    const lab = await booted({ ...topology, bgp: { ...topology.bgp, exportBorrowed: true } });
    try {
      expect((await look(lab, [], 5000)).failures).toEqual([]);
      // NE409 names the pods of both nodes in the east; w1 has no such filter, and those of w-a stay there.
      expect(await on(lab, 'w-a', 'ip route show proto bird')).toMatch(
        /^10\.42\.0\.1 via 192\.168\.2\.1 dev eth0 metric 1024/m,
      );
      expect(await on(lab, 'w-a', 'ip route show 10.42.0.65')).toContain('via 192.168.2.1');
      expect(await on(lab, 'e-a', 'ip route show 10.42.0.129')).toBe('');
    } finally {
      await lab.holder.end();
    }
  });

  test('of v3.32 let out what is better than a pod, as while one moves; a pod has the metric that Felix gives it', async () => {
    const lab = await booted(redundant({ calico: { version: 'v3.32.1' } }));
    try {
      expect((await look(lab, [], 5000)).failures).toEqual([]);
      await on(lab, 'w-a', 'ip route add blackhole 10.42.0.140/32 metric 1024');
      await on(lab, 'w-a', 'ip route add blackhole 10.42.0.141/32');
      const came = 'timeout 10 sh -c "until ip route show 10.42.0.141 | grep -q via; do sleep 0.2; done"';
      const route = await on(lab, 'e-a', `${came}; ip route show 10.42.0.141`);
      expect(route).toContain('via 192.168.1.1 ');
      // LOCAL_PREF was 2147483647 minus the metric; what is left of that is the metric here: none.
      expect(route).not.toContain('metric');
      expect(await on(lab, 'e-a', 'ip route show 10.42.0.140')).toBe('');
    } finally {
      await lab.holder.end();
    }
  });
});

scenario('a lab that was built wrong', () => {
  test('a wrong peer address, a node without its label and a BIRD that does not start are each named', async () => {
    const lab = await booted(
      redundant(),
      (plan) => {
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
      },
      8000,
    );
    try {
      const { says } = await look(lab);
      expect(says('daemon')).toEqual([
        expect.stringMatching(
          /^bird on w-a does not answer: bird: \/run\/lab\/w-a\/bird\.conf:\d+:\d+ syntax error/,
        ),
        // For 192.168.1.9, which nobody has.
        expect.stringMatching(/^BIRD on e-a waits for peers that are not there, and hides the pods of e-a /),
      ]);
      expect(says('session')).toEqual(
        expect.arrayContaining([
          'e-a--e1/ipv4 is not configured at e-a',
          'e-b--e1/ipv4 is not configured at e-b',
          'e-b--e2/ipv4 is not configured at e-b',
          'w-a--w1/ipv4 is not configured at w-a',
        ]),
      );
      expect(says('session').some((one) => one.startsWith('e-a--e2/ipv4'))).toBe(false);
      expect(says('route')).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^e-a has no route to 10\.42\.0\.\d+\/26, the block of e-b$/),
        ]),
      );
      expect(says('absent')).toEqual(["e-b has a route to 10.42.9.0/26, which is nobody's block"]);
      expect(says('pair')).toEqual(
        expect.arrayContaining([expect.stringMatching(/^e-a to w-a: the pod does not answer/)]),
      );
    } finally {
      await lab.holder.end();
    }
  });

  test('a filter that drops one block is seen by what is exported, though every session is up', async () => {
    const drop = (text: string) =>
      text.replace(
        'function is_insider_as() {',
        'function is_insider_as() {\n  if net = 10.42.0.0/26 then return false;',
      );
    const lab = await booted(
      redundant(),
      (plan) => ['e1', 'e2', 'w1'].reduce((all, host) => edited(all, host, 'k3s/ibgp.conf', drop), plan),
      12_000,
    );
    try {
      const { says } = await look(lab);
      expect(says('session')).toEqual([]);
      expect(says('export')).toEqual(
        expect.arrayContaining(['e1 sends e-b 1 routes instead of 2 (e-b--e1/ipv4)']),
      );
      expect(says('route')).toEqual(
        expect.arrayContaining(['w-a has no route to 10.42.0.0/26, the block of e-a']),
      );
    } finally {
      await lab.holder.end();
    }
  });

  test('a filter that BIRD applies to the wrong type is seen by its log', async () => {
    const brackets = (text: string) =>
      text.replace('bgp_next_hop ~ 192.168.1.0/24', 'bgp_next_hop ~ [ 192.168.1.0/24 ]');
    const lab = await booted(
      redundant(),
      (plan) => edited(plan, 'e1', 'k3s/ibgpeers/e-a.conf', brackets),
      10_000,
    );
    try {
      const { says } = await look(lab);
      expect(says('log')).toEqual(
        expect.arrayContaining([expect.stringContaining('~ applied on unknown type pair')]),
      );
    } finally {
      await lab.holder.end();
    }
  });

  test('a disk that is full is said, and leaves nothing behind', async () => {
    const programs = findPrograms('.');
    if ('says' in programs) throw new Error(programs.mend);
    const full = bootLab({ fabric: fabricOf(redundant()), routerFiles, programs, room: '16k' });
    await expect(full).rejects.toThrow(/ENOSPC/);
  });
});

scenario('a filter on one of two reflectors, while something breaks', () => {
  const { calico, ...topology } = redundant();
  const hidden = { action: 'Reject', match: { cidr: '10.42.0.0/26', operator: 'Equal' } } as const;
  const filters = { hide: { routers: ['e1'], export: [hidden] } };
  let lab: Lab;
  beforeAll(async () => {
    lab = await booted({
      ...topology,
      bgp: { ...topology.bgp, nodeToNodeMesh: false },
      calico: { ...calico, filters },
    });
  });
  afterAll(async () => lab?.holder.end());

  test('a session of the other region is lost: what the filter hides is missed nowhere', async () => {
    const session = named(lab, 'e-b--e1/ipv4');
    await breakIt(lab, session);
    expect((await look(lab, [session], 15_000)).failures).toEqual([]);
    await askBird(lab.holder.path(`${hostFolder('e1')}/bird.ctl`), 'enable all');
    expect((await look(lab, [], 20_000)).says('session')).toEqual([]);
  });

  test('the one reflector dies that tells of the block: its pods are lost, and no others', async () => {
    const dead = named(lab, 'e2');
    await breakIt(lab, dead);
    const { says } = await look(lab, [dead], 20_000);
    expect(says('export')).toEqual([]);
    expect(says('pair').map((one) => one.split(':')[0])).toEqual([
      'e-a to e-b',
      'e-a to w-a',
      'e-b to e-a',
      'w-a to e-a',
    ]);
  });
});
