import { askBird, breakIt, type Failing, failing, hostFolder, type Lab } from '../../lab/index.ts';
import { booted, look, on, scenario, UNTIL_THERE } from './labs.ts';
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

/**
 * Seconds within which the other paths must be found: by the hold time of the sessions, however slow the machine, not by the 240 s that BIRD
 * uses by default.
 */
const TAKEN_OVER = 200;

/** Waits until a ping from one pod to another arrives; `never` if it does not arrive in time. */
const back = async (lab: Lab, from: string, to: string): Promise<string> => {
  const address = lab.plan.pods.find(({ node }) => node === to)?.addresses[0]?.text;
  const command = `nsenter --net=/run/netns/${from}+pod timeout ${TAKEN_OVER} sh -c 'until fping -q -r 0 -t 200 ${address} >/dev/null 2>&1; do :; done' && echo back || echo never`;
  return (await lab.holder.run(command)).stdout.trim();
};

scenario('two reflectors on one LAN, while something breaks', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await booted(redundant());
  });
  afterAll(async () => lab?.holder.end());

  test('everything works at first', async () => {
    expect((await look(lab, [], UNTIL_THERE)).failures).toEqual([]);
  });

  test('one session of a pair is lost: no node hairpins, and nothing else changes', async () => {
    const session = named(lab, 'e-a--e1/ipv4');
    await breakIt(lab, session);
    expect((await look(lab, [session], UNTIL_THERE)).failures).toEqual([]);
    const { failures } = await look(lab);
    expect(failures.map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^e-a--e1\/ipv4 is .* at e1$/)]),
    );
    await askBird(lab.holder.path(`${hostFolder('e1')}/bird.ctl`), 'enable all');
    expect((await look(lab, [], UNTIL_THERE)).failures).toEqual([]);
  });

  test("a segment loses MTU: packets of the pods' size are lost, and the failure names the pairs", async () => {
    const { interface: own } = port(lab, 'core', 'w1');
    await on(lab, 'w1', `ip link set ${own} mtu 1300`);
    const { message } = await look(lab);
    expect(message('mtu')).toContain("w-a to e-a: packets of the pods' MTU, 1380 bytes, do not arrive");
    expect(message('mtu').some((one) => one.startsWith('e-a to e-b'))).toBe(false);
    await on(lab, 'w1', `ip link set ${own} mtu 1420`);
    for (const pod of lab.plan.pods)
      await on(lab, pod.netns, `ip link set eth0 mtu ${pod.mtu}; ip route flush cache`);
  });

  test('a cable is unplugged at one end: the other reflector takes over within the hold time', async () => {
    const { port: cable } = port(lab, 'east-lan', 'e1');
    await lab.holder.run(`ip link set ${cable} down`);
    expect(await back(lab, 'w-a', 'e-a')).toBe('back');
    expect(await back(lab, 'e-b', 'w-a')).toBe('back');
    await lab.holder.run(`ip link set ${cable} up`);
    expect((await look(lab, [], UNTIL_THERE)).failures).toEqual([]);
  });

  test('a reflector dies silently: the other one carries everything within the hold time', async () => {
    const dead = named(lab, 'e1');
    await breakIt(lab, dead);
    expect(await back(lab, 'w-a', 'e-a')).toBe('back');
    expect(await back(lab, 'w-a', 'e-b')).toBe('back');
    expect(await back(lab, 'e-a', 'w-a')).toBe('back');
    const { failures, probed } = await look(lab, [dead], UNTIL_THERE);
    expect(failures).toEqual([]);
    expect(probed.every(({ reached }) => reached)).toBe(true);
  });

  test('the last path is cut: what cannot be reached is expected to be unreachable, and is', async () => {
    const all = [named(lab, 'e1'), named(lab, 'core')];
    await breakIt(lab, named(lab, 'core'));
    const { failures, probed } = await look(lab, all, UNTIL_THERE);
    expect(failures).toEqual([]);
    expect(probed.filter(({ reached }) => reached).map(({ pair }) => `${pair.from} ${pair.to}`)).toEqual([
      'e-a e-b',
      'e-b e-a',
    ]);
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
    expect((await look(lab, [session], UNTIL_THERE)).failures).toEqual([]);
    await askBird(lab.holder.path(`${hostFolder('e1')}/bird.ctl`), 'enable all');
    expect((await look(lab, [], UNTIL_THERE)).message('session')).toEqual([]);
  });

  test('the one reflector dies that tells of the block: its pods are lost, and no others', async () => {
    const dead = named(lab, 'e2');
    await breakIt(lab, dead);
    const { message } = await look(lab, [dead], UNTIL_THERE);
    expect(message('export')).toEqual([]);
    expect(message('pair').map((one) => one.split(':')[0])).toEqual([
      'e-a to e-b',
      'e-a to w-a',
      'e-b to e-a',
      'w-a to e-a',
    ]);
  });
});
