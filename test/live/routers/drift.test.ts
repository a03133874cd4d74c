import type { Drift } from '../../../drift/index.ts';
import { gitIn } from '../../cli/run.ts';
import { bootFleet, type Fleet } from '../../delivery/fleet/fleet.ts';
import { scenario } from '../../lab/labs.ts';

jest.setTimeout(900_000);

/** Real BIRD, real sshd: what drift says of routers' files. */
scenario('drift, on routers', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await bootFleet();
  });
  afterAll(async () => fleet?.end());

  async function drift(
    ...args: readonly string[]
  ): Promise<{ readonly code: number | null; readonly told: Drift }> {
    const { code, said } = await fleet.ran([
      'drift',
      '--json',
      ...(args.length === 0 ? ['--no-cluster'] : args),
    ]);
    return { code, told: JSON.parse(said) };
  }

  const EDITED = '/etc/bird/k3s/ibgp.conf';

  test('files that are as in git are no drift, whoever put them there', async () => {
    const { code, told } = await drift();
    expect({ code, ok: told.ok, routers: told.routers, same: told.same }).toEqual({
      code: 0,
      ok: true,
      routers: [],
      same: { objects: 0, routers: 4 },
    });
  });

  test('where nothing was ever delivered, an edit is what git has not', async () => {
    await fleet.routers.e1.run(`echo '# by hand' >>${EDITED}`);
    const { code, told } = await drift();
    expect(code).toBe(1);
    expect(told.routers).toMatchObject([
      {
        router: 'e1',
        change: 'never-delivered',
        delivered: null,
        files: [{ path: 'routers/e1/k3s/ibgp.conf', change: 'changed', added: 1, removed: 0 }],
        next: 'bin/noencap ship e1',
      },
    ]);
    expect(told.routers[0]?.files[0]?.hunks.join('\n')).toMatch(/^\+# by hand$/m);
    await fleet.routers.e1.run(`sed -i '/# by hand/d' ${EDITED}`);
  });

  test('a commit that nobody has delivered, an edit by hand, and both in one file', async () => {
    fleet.desk.main.commit(1);
    expect((await fleet.ran(['ship', '--accept-drift'])).code).toBe(0);
    const delivered = gitIn(fleet.desk.main.folder, 'rev-parse', 'HEAD');
    expect((await drift()).code).toBe(0);

    await fleet.routers.w1.run(
      `cp -a /etc/bird /run/bird/kept; echo 'define BY_HAND = 1;' >>/etc/bird/bird.conf; rm ${EDITED}; echo x >/etc/bird/k3s/mine.conf`,
    );
    const one = await drift('--router', 'w1');
    expect(one.told.routers).toMatchObject([
      {
        router: 'w1',
        change: 'edited',
        delivered,
        files: [
          { path: 'routers/w1/bird.conf', change: 'changed', added: 1, removed: 0 },
          { path: 'routers/w1/k3s/ibgp.conf', change: 'deleted' },
          { path: 'routers/w1/k3s/mine.conf', change: 'added', hunks: ['@@ -0,0 +1,1 @@\n+x'] },
        ],
        next: 'bin/noencap ship --check w1',
      },
    ]);

    fleet.desk.main.commit(2);
    const { code, told } = await drift();
    expect(code).toBe(1);
    const of = (router: string) =>
      told.routers.filter((other) => other.router === router).map(({ change }) => change);
    expect(['e1', 'e2', 'w1', 'w2'].map(of)).toEqual([
      ['not-delivered'],
      ['not-delivered'],
      ['edited', 'not-delivered'],
      ['not-delivered'],
    ]);
    const [edited, behind] = told.routers.filter(({ router }) => router === 'w1');
    const hunksOf = (some: Drift['routers'][number] | undefined) =>
      some?.files.find(({ path }) => path.endsWith('/bird.conf'))?.hunks.join('\n');
    // Each shows its own change and not the other's.
    expect(hunksOf(edited)).toMatch(/^\+define BY_HAND/m);
    expect(hunksOf(edited)).not.toMatch(/^[-+].*K3S_AS/m);
    expect(hunksOf(behind)).toMatch(/^-.*K3S_AS_2/m);
    expect(hunksOf(behind)).toMatch(/^\+.*K3S_AS_1/m);
    expect(hunksOf(behind)).not.toMatch(/BY_HAND/);
    expect(told.routers.every((other) => other.delivered === delivered)).toBe(true);
    await fleet.routers.w1.run(
      `cp /run/bird/kept/bird.conf /etc/bird/; cp /run/bird/kept/k3s/ibgp.conf ${EDITED}; rm /etc/bird/k3s/mine.conf`,
    );
  });

  test('a router that cannot be reached is unknown, and the rest is told', async () => {
    expect((await fleet.ran(['ship'])).code).toBe(0);
    await fleet.routers.w2.killSshd();
    const { code, told } = await drift();
    expect(code).toBe(3);
    expect(told).toMatchObject({
      ok: false,
      routers: [],
      same: { routers: 3 },
      unknown: [
        {
          about: { kind: 'router', name: 'w2' },
          message: expect.stringMatching(/nothing listens at 10.0.0.4/),
        },
      ],
    });
    await fleet.routers.w2.startSshd();
    expect((await drift()).code).toBe(0);
  });
});
