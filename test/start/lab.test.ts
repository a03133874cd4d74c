import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { noencap, scratch } from '../cli/run.ts';
import { scenario } from '../lab/labs.ts';

interface Row {
  readonly established?: boolean;
}

/** From nothing to a network that works, through the commands that a user types. */
scenario('a new repository of two sites over WireGuard', () => {
  let folder: string;
  beforeAll(() => {
    folder = scratch();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('works with real BIRD: every pod reaches every other, with the MTU of the link between the sites', () => {
    const made = noencap(folder, ['init', 'net', '--sites', '2', '--link', 'wireguard', '--no-install']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const run = noencap(join(folder, 'net'), ['lab', '--json']);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const { ok, sessions, pairs } = JSON.parse(run.stdout);
    expect({ ok, down: sessions.filter((one: Row) => one.established !== true) }).toEqual({
      ok: true,
      down: [],
    });
    expect(pairs).toHaveLength(12);
    const site = (name: string) => name.slice(0, -1);
    for (const { from, to, reached, lossy, pathMtu } of pairs)
      expect({ from, to, reached, lossy, pathMtu }).toEqual({
        from,
        to,
        reached: true,
        lossy: false,
        pathMtu: site(from) === site(to) ? 1500 : 1420,
      });
  });
});
