import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../../../verify/index.ts';
import { scenario } from '../../lab/labs.ts';
import { waited } from '../../waited.ts';
import { bootFleet, type Fleet, type How } from './fleet.ts';
import { startTraffic } from './traffic.ts';

jest.setTimeout(900_000);

/** Real BIRD and sshd, and traffic between all pods. Each test goes on from the state that the one before left. */
scenario('draining a router', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await bootFleet();
    fleet.desk.main.commit(1);
    const { code, said } = await fleet.ran(['ship', '--accept-drift']);
    if (code !== 0) throw new Error(said);
  });
  afterAll(async () => fleet?.end());

  const json = async (args: readonly string[], how?: How) => {
    const { code, said } = await fleet.ran([...args, '--json'], how);
    return { code, document: JSON.parse(said) };
  };
  const markOn = () => readFileSync(join(fleet.routers.e2.config, 'k3s/drained'), 'utf8').trim();
  const differing = async (): Promise<readonly Verdict[]> => {
    const { document } = await json(['verify']);
    return document.verdicts.filter(({ is }: Verdict) => is === 'different');
  };
  /** What another router has of e2's routes, in BIRD's words. */
  const fromE2 = async (): Promise<string> => {
    const all = await fleet.routers.w1.birdc('show route table all all where proto = "k3s_backbone_e2_v4"');
    return all.replaceAll(/\d\d:\d\d:\d\d\.\d+/g, '');
  };
  const since = async (): Promise<string> =>
    (await fleet.routers.e2.birdc('show protocols'))
      .split('\n')
      .filter((line) => /BGP|OSPF/.test(line))
      .join('\n');

  let mark: { since: string; by: string };

  test('--check rehearses it with real BIRD, and changes nothing', async () => {
    const before = await fleet.seen();
    const { code, document } = await json(['drain', 'e2', '--check']);
    expect({ code, ok: document.ok, outcome: document.router.outcome }).toEqual({
      code: 0,
      ok: true,
      outcome: 'ready',
    });
    expect(document).toMatchObject({
      command: 'drain --check',
      drained: null,
      cutOff: [],
      stays: [],
      traffic: null,
    });
    expect(document.rehearsal.passedOn).toBe(0);
    const parts = document.rehearsal.parts.map(
      ({ part, pairs }: { part: string; pairs: { lost: number }[] }) => ({
        part,
        lost: pairs.reduce((all, { lost }) => all + lost, 0),
      }),
    );
    expect(parts).toEqual(['drain', 'away', 'back', 'undrain'].map((part) => ({ part, lost: 0 })));
    expect(await fleet.seen()).toEqual(before);
  });

  test('traffic leaves it without a lost packet or a session that restarts, until it passes nothing on', async () => {
    const sessions = await since();
    const traffic = await startTraffic(fleet.lab, 'drain');
    await traffic.answered(10);
    const { code, document } = await json(['drain', 'e2', '--no-rehearsal']);
    expect({ code, document }).toMatchObject({
      code: 0,
      document: {
        ok: true,
        router: { router: 'e2', outcome: 'shipped', fault: null },
        rehearsal: null,
        traffic: { still: true, packets: { ipv4: 0 } },
      },
    });
    const flows = await traffic.end();
    expect(flows.filter(({ lost }) => lost > 0)).toEqual([]);
    expect(await since()).toBe(sessions);
    mark = document.drained;
    expect(markOn()).toBe(`${mark.since} ${mark.by}`);
    expect(mark.since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const routes = await fromE2();
    expect(routes).toMatch(/BGP\.local_pref: 0\n.*BGP\.community: \(65535,0\)/);
    expect(routes).not.toMatch(/BGP\.local_pref: (?!0\n)|\* \(/);
    expect(await fleet.routers.w1.birdc('show ospf state all')).toMatch(
      /router 10\.0\.0\.2\n[\s\S]*?metric 65535/,
    );
  });

  test('once more it says since when, and by whom', async () => {
    const { code, document } = await json(['drain', 'e2']);
    expect({ code, drained: document.drained, outcome: document.router.outcome }).toEqual({
      code: 0,
      drained: mark,
      outcome: 'unchanged',
    });
  });

  test('verify says so instead of naming files, and nothing else of any router', async () => {
    expect(await differing()).toEqual([
      {
        about: { kind: 'router', name: 'e2' },
        is: 'different',
        kind: 'drained',
        expected: 'traffic through it',
        found: `drained since ${mark.since}, by ${mark.by}`,
        next: 'bin/noencap undrain e2',
      },
    ]);
  });

  test('drift says so, and that it has what git has in that state', async () => {
    const { code, document } = await json(['drift', '--no-cluster']);
    expect({
      code,
      routers: document.routers,
      drained: document.drained,
      same: document.same.routers,
    }).toEqual({
      code: 0,
      routers: [],
      drained: [{ router: 'e2', ...mark }],
      same: 4,
    });
    expect((await fleet.ran(['drift', '--no-cluster'])).said).toContain(
      `e2: drained since ${mark.since}, by ${mark.by}`,
    );
  });

  test('a restarted BIRD is still drained', async () => {
    await fleet.routers.e2.killBird();
    await fleet.routers.e2.startBird();
    await waited('its sessions', async () => (await differing()).length === 1);
    expect(await fromE2()).toMatch(/BGP\.local_pref: 0\n/);
  });

  test('what git has by now is not let in by the way; ship delivers it, and leaves the router drained', async () => {
    const clone = fleet.desk.clone('stale');
    fleet.desk.main.commit(2);
    for (const command of ['drain', 'undrain']) {
      const { code, document } = await json([command, 'e2']);
      expect({ code, router: document.router }).toMatchObject({
        code: 1,
        router: { outcome: 'refused', fault: { code: 'state' } },
      });
    }
    expect((await fleet.seen()).e2.runs).toEqual([1]);
    const { code, document } = await json(['ship']);
    expect({ code, drained: document.drained }).toEqual({ code: 0, drained: [{ router: 'e2', ...mark }] });
    const { e2 } = await fleet.seen();
    expect({ runs: e2.runs, files: e2.files, mark: markOn() }).toEqual({
      runs: [2],
      files: [2],
      mark: `${mark.since} ${mark.by}`,
    });
    expect(await fromE2()).toMatch(/BGP\.local_pref: 0\n/);
    expect((await json(['undrain', 'e2'], { cwd: clone.folder })).document.router).toMatchObject({
      outcome: 'refused',
      fault: { code: 'state' },
    });
  });

  test('files that were edited meanwhile are told, and undrain refuses to lose them', async () => {
    const file = join(fleet.routers.e2.config, 'k3s/ibgp.conf');
    const text = readFileSync(file, 'utf8');
    appendFileSync(file, '# by hand\n');
    expect((await differing()).map(({ kind }) => kind).sort()).toEqual(['drained', 'files-edited']);
    expect((await json(['undrain', 'e2'])).document.router).toMatchObject({
      outcome: 'refused',
      fault: { code: 'drift' },
    });
    await fleet.routers.e2.run(`cat >/etc/bird/k3s/ibgp.conf <<'END'\n${text}END`);
  });

  test('undrain lets traffic back, without a lost packet', async () => {
    const traffic = await startTraffic(fleet.lab, 'undrain');
    await traffic.answered(10);
    const { code, document } = await json(['undrain', 'e2']);
    expect({ code, outcome: document.router.outcome, drained: document.drained }).toEqual({
      code: 0,
      outcome: 'shipped',
      drained: mark,
    });
    expect((await traffic.end()).filter(({ lost }) => lost > 0)).toEqual([]);
    expect(await differing()).toEqual([]);
    expect(await fromE2()).toMatch(/BGP\.local_pref: 100\n/);
    expect((await json(['undrain', 'e2'])).document.router.outcome).toBe('unchanged');
  });

  test('while the other reflector is away it is the only way: refused with those who would be cut off', async () => {
    await fleet.routers.w1.killBird();
    await waited(
      'w2 misses w1',
      async () =>
        (await fleet.routers.w2.birdc('show protocols')).includes('k3s_backbone_w1_v4') &&
        !/k3s_backbone_w1_v4 BGP .*Established/.test(await fleet.routers.w2.birdc('show protocols')),
    );
    const refused = await json(['drain', 'w2', '--no-rehearsal']);
    expect(refused.code).toBe(1);
    expect(refused.document.faults).toMatchObject([
      {
        code: 'cut-off',
        message:
          'While w2 is away these pods lose packets, for it is their only way, as long as it has no session with w1.',
        details: expect.arrayContaining([
          expect.stringMatching(/^e-a to w-a \(10\.42\.\d+\.\d+\/26\): lost/),
        ]),
      },
    ]);
    expect((await fleet.seen()).w2.state).toBe('shipped');
    const traffic = await startTraffic(fleet.lab, 'only-way');
    await traffic.answered(10);
    const { code, document } = await json([
      'drain',
      'w2',
      '--no-rehearsal',
      '--accept-cut-off',
      '--wait',
      '5',
    ]);
    // Whoever has no other way keeps this one, and loses nothing until the router goes.
    expect({ code, outcome: document.router.outcome, still: document.traffic.still }).toEqual({
      code: 1,
      outcome: 'shipped',
      still: false,
    });
    expect(document.cutOff.length).toBeGreaterThan(0);
    expect((await traffic.end()).filter(({ lost }) => lost > 0)).toEqual([]);
    expect((await json(['undrain', 'w2'])).code).toBe(0);
    await fleet.routers.w1.startBird();
  });
});
