import { bootFleet, type Fleet } from '../../delivery/fleet/fleet.ts';
import { scenario } from '../../lab/labs.ts';
import { waited } from '../../waited.ts';

jest.setTimeout(900_000);

/** Real BIRD, real sshd: what status shows of routers. */
scenario('status, on routers', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await bootFleet();
  });
  afterAll(async () => fleet?.end());

  async function status() {
    const { code, said } = await fleet.ran(['status', '--no-cluster', '--within', '300', '--json']);
    const { routers, verdicts, changes } = JSON.parse(said);
    return {
      code,
      routers: new Map<string, Shown>(routers.map((one: Shown) => [one.name, one])),
      verdicts,
      changes,
    };
  }

  interface Shown {
    readonly name: string;
    readonly sessions: { expected: number; up: number; unknown: number };
    readonly differ: number;
    readonly unread?: string;
    readonly delivered?: { commit?: string; secondsAgo?: number };
  }

  test("what was delivered, by commit and by the router's own clock, and every session up", async () => {
    expect((await fleet.ran(['ship'])).code).toBe(0);
    await waited('all as promised', async () => (await status()).code === 0);
    const { routers, changes, verdicts } = await status();
    expect(verdicts).toEqual([]);
    for (const { sessions, differ, delivered } of routers.values()) {
      expect(sessions).toEqual({ expected: sessions.expected, up: sessions.expected, unknown: 0 });
      expect(differ).toBe(0);
      expect(delivered?.commit).toMatch(/^[0-9a-f]{7,}$/);
      expect(delivered?.secondsAgo).toBeGreaterThanOrEqual(0);
    }
    expect(new Set([...routers.values()].map(({ delivered }) => delivered?.commit)).size).toBe(1);
    expect(changes[0]?.commit).toBe([...routers.values()][0]?.delivered?.commit);
  });

  test('a commit that nobody has delivered: routers have the one before, and the command is ship', async () => {
    const delivered = (routers: ReadonlyMap<string, Shown>) => routers.get('e1')?.delivered?.commit;
    const before = delivered((await status()).routers);
    fleet.desk.main.commit(1);
    const { code, routers, verdicts, changes } = await status();
    expect(code).toBe(1);
    expect(delivered(routers)).toBe(before);
    expect(changes[0]?.commit).not.toBe(before);
    const waiting = verdicts.filter(({ kind }: { kind: string }) => kind === 'not-delivered');
    expect(waiting.length).toBeGreaterThan(0);
    expect(waiting[0].next).toContain('noencap ship');
    expect((await fleet.ran(['ship'])).code).toBe(0);
    await waited('the new commit', async () => delivered((await status()).routers) === changes[0]?.commit);
  });

  test('a session that somebody disabled is not up at either end, and the command to run is there', async () => {
    const { routers: before } = await status();
    const [, name = ''] = /\b(k3s_\S+) +BGP/.exec(await fleet.routers.e1.birdc('show protocols')) ?? [];
    await fleet.routers.e1.birdc(`disable ${name}`);
    const { code, routers, verdicts } = await status();
    expect(code).toBe(1);
    expect(routers.get('e1')?.sessions.up).toBe((before.get('e1')?.sessions.up ?? 0) - 1);
    expect(verdicts.map(({ next }: { next?: string }) => next).join('\n')).toContain(`birdc enable ${name}`);
    await fleet.routers.e1.birdc(`enable ${name}`);
  });
});
