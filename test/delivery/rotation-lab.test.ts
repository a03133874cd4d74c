import { readFileSync, writeFileSync } from 'node:fs';
import type { Delivery } from '../../delivery/delivery.ts';
import { Hidden } from '../../delivery/hidden.ts';
import type { Unstamped } from '../../delivery/journal.ts';
import { releaseFor } from '../../delivery/password.ts';
import { ship } from '../../delivery/ship.ts';
import type { Remote } from '../../delivery/ssh/remote.ts';
import { askBird, hostFolder, type Lab } from '../../lab/index.ts';
import { nodePassword } from '../../lab/model.ts';
import { passwordFile } from '../../lab/router-files.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { booted, scenario } from '../lab/labs.ts';
import { redundant } from '../lab/topologies.ts';
import { waited } from '../waited.ts';
import { local } from './bird.ts';
import { NO_HURRY } from './steps.ts';

/** A rotation as in docs/rotate-a-password.md: first the Secret, which the cluster follows, then the router, by a delivery. */

const NAME = 'k3s-password.conf';

function withPasswords(): TopologyInput {
  const topology = redundant();
  const routers = Object.entries(topology.routers).map(([name, router]) => [
    name,
    { ...router, password: { file: `/etc/bird/${NAME}`, secret: { name: `bgp-${name}` } } },
  ]);
  return { ...topology, routers: Object.fromEntries(routers) };
}

/** The first password of both ends, and the new one. */
const old = (router: string) => /"(.*)"/.exec(passwordFile(router))?.[1] ?? '';
const fresh = (router: string) => `fresh-${router}`;

scenario('a rotation', () => {
  let lab: Lab;
  let events: Unstamped[];
  beforeAll(async () => {
    lab = await booted(withPasswords());
    for (const router of ['e1', 'e2', 'w1']) expect(await delivered(router, old(router))).toBe('delivered');
  });
  afterAll(async () => lab?.holder.end());
  beforeEach(() => {
    events = [];
  });

  /** The router's own script, inside the lab. */
  const remote = (): Remote => local({ shell: ['nsenter', ...lab.holder.enter, 'sh'] });

  /** Seconds: the longest that a delivery has taken so far on this machine. */
  let slowest = 0;

  /** BIRD's time limit for one that never becomes well: the gate looks long before it. */
  const limit = () => Math.max(20, Math.ceil(2 * slowest));

  async function delivered(router: string, password: string, timeout = NO_HURRY): Promise<string> {
    const start = performance.now();
    const host = lab.plan.hosts.find(({ name }) => name === router);
    const files = new Map([...(host?.files ?? [])].filter(([path]) => path !== NAME));
    const stop = new AbortController().signal;
    const folder = hostFolder(router);
    const delivery: Delivery = {
      router,
      remote: remote(),
      settings: { configDir: folder, mode: 'standalone', socket: `${folder}/bird.ctl`, secret: NAME },
      release: releaseFor(files, { name: NAME, password: new Hidden(password) }),
      sysctls: new Map(),
      owner: 'test',
      timeout,
      acceptDrift: true,
      report: (step, outcome, details = []) =>
        void events?.push({ event: 'step', router, step, outcome, details: [...details] }),
      stop,
    };
    const { outcome } = await ship({
      fabric: lab.fabric,
      deliveries: [delivery],
      turn: () => 'now',
      base: () => ({ name: 'before', fabric: lab.fabric }),
      isClusterFirst: () => false,
      excused: new Set(),
      maxParallel: 1,
      lookOnly: false,
      record: () => {},
      stop,
    });
    if (timeout === NO_HURRY) slowest = Math.max(slowest, (performance.now() - start) / 1000);
    return outcome;
  }

  const onDisk = (router: string) => readFileSync(lab.holder.path(`${hostFolder(router)}/${NAME}`), 'utf8');

  /** What confd does when a Secret has changed: it rewrites the whole configuration of a node, and BIRD reads it. */
  async function secretBecomes(router: string, password: string): Promise<void> {
    const nodes = lab.plan.hosts.filter(({ files }) => files.has(nodePassword(router)));
    expect(nodes.length).toBeGreaterThan(0);
    for (const { name } of nodes) {
      const folder = lab.holder.path(hostFolder(name));
      writeFileSync(`${folder}/${nodePassword(router)}`, `password "${password}";\n`);
      await askBird(`${folder}/bird.ctl`, 'configure');
    }
  }

  const established = async (router: string) =>
    [
      ...(await lab.holder.run(`birdc -s ${hostFolder(router)}/bird.ctl show protocols`)).stdout.matchAll(
        /\sBGP\s.*Established/g,
      ),
    ].length;

  /** Its final number of sessions: an end that heard nothing keeps one for the hold time. */
  const comesTo = async (router: string, count: number) => {
    await waited(`${count} sessions of ${router}`, async () => (await established(router)) === count);
  };

  /** All pods ping each other 20 times a second during some work. Returns the packets lost, and the longest gap in seconds. */
  async function pingedWhile(
    work: () => Promise<void>,
  ): Promise<{ sent: number; lost: number; gap: number }> {
    const pairs = lab.plan.pods.flatMap((from) =>
      lab.plan.pods.filter((to) => to !== from).map((to) => ({ from, to: to.addresses[0]?.text ?? '' })),
    );
    const file = (index: number) => `/run/ping-${index}`;
    const start = pairs.map(
      ({ from, to }, index) =>
        `nsenter --net=/run/netns/${from.netns} ping -n -i 0.05 ${to} >${file(index)} 2>&1 </dev/null & echo $!`,
    );
    const pids = (await lab.holder.run(start.join('\n'))).stdout.trim().split('\n');
    const answers = () =>
      pairs.map((_, index) => readFileSync(lab.holder.path(file(index)), 'utf8').split(' ttl=').length - 1);
    /** Each pair has had an answer, and answers again: losses in between are a hole. */
    const answered = async () => {
      const before = answers();
      await waited('answers of each pair', () =>
        answers().every((count, index) => count >= (before[index] ?? 0) + 10),
      );
    };
    await answered();
    await work();
    await answered();
    await lab.holder.run(`kill -INT ${pids.join(' ')}
for pid in ${pids.join(' ')}; do while grep -q '^State:.[^Z]' /proc/$pid/status 2>/dev/null; do sleep 0.02; done; done`);
    const all = pairs.map((_, index) => {
      const text = readFileSync(lab.holder.path(file(index)), 'utf8');
      const seen = [...text.matchAll(/icmp_seq=(\d+) ttl/g)]
        .map(([, seq]) => Number(seq))
        .sort((a, b) => a - b);
      const gaps = seen.map((seq, at) => seq - (seen[at - 1] ?? 0) - 1);
      // A packet sent before everything is up, or still in flight at the end, is not lost: only holes count.
      return { sent: seen.length, lost: gaps.reduce((sum, one) => sum + one, 0), gap: Math.max(...gaps) };
    });
    return {
      sent: all.reduce((sum, one) => sum + one.sent, 0),
      lost: all.reduce((sum, one) => sum + one.lost, 0),
      gap: Math.max(...all.map(({ gap }) => gap)) * 0.05,
    };
  }

  test('with two reflectors, one after the other, loses no packet', async () => {
    const before = { e1: await established('e1'), e2: await established('e2') };
    const result = await pingedWhile(async () => {
      for (const router of ['e1', 'e2'] as const) {
        await secretBecomes(router, fresh(router));
        await comesTo(router, before[router] - 2);
        expect(await delivered(router, fresh(router))).toBe('delivered');
        expect(await established(router)).toBe(before[router]);
      }
    });
    expect(result.sent).toBeGreaterThanOrEqual(20 * lab.plan.pods.length * (lab.plan.pods.length - 1));
    expect(result.lost).toBe(0);
    // Once more: it already exists.
    events = [];
    expect(await delivered('e1', fresh('e1'))).toBe('delivered');
    expect(events.map((one) => (one.event === 'step' ? one.step : ''))).not.toContain('lock');
  });

  test('with one reflector, cuts its region off until the router has the password, too', async () => {
    let until = 0;
    const result = await pingedWhile(async () => {
      const start = performance.now();
      await secretBecomes('w1', fresh('w1'));
      expect(await delivered('w1', fresh('w1'))).toBe('delivered');
      until = (performance.now() - start) / 1000;
    });
    // Within the other region nothing is lost; traffic between the two is cut until both ends have the password and BIRD has connected.
    expect(result.lost).toBeGreaterThan(0);
    expect(result.gap).toBeLessThan(until);
    expect(await established('w1')).toBe(3);
  });

  test('that begins with the router is undone, since its nodes do not reconnect', async () => {
    expect(await delivered('e1', 'another', limit())).toBe('stopped');
    expect(onDisk('e1')).toContain(fresh('e1'));
    await comesTo('e1', 4);
  });

  test('with different passwords in the Secret and for the router is undone, with the reason', async () => {
    await secretBecomes('e1', 'this');
    await comesTo('e1', 2);
    expect(await delivered('e1', 'that', limit())).toBe('stopped');
    expect(onDisk('e1')).toContain(fresh('e1'));
    expect(JSON.stringify(events)).toContain('no session with a node is up with the new password');
    expect(JSON.stringify(events)).not.toMatch(/fresh-/);
  });
});
