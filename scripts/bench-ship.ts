import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { report } from './goals.ts';
import type { ShipTimes } from './measure-ship.ts';

/** How long a delivery to 100 routers takes, compared with the time for its connections, bytes and questions alone. */
export function benchShip(work: string): void {
  if (process.getuid?.() !== 0) {
    process.stdout.write(
      'skipped  delivery to 100 routers: it needs root, for a network without any way out\n',
    );
    return;
  }
  const program = join(work, 'measure-ship.cjs');
  // Bundled like `bin/noencap`: to measure the memory of a delivery, not of tsx.
  buildSync({
    entryPoints: ['scripts/measure-ship.ts'],
    loader: { '.sh': 'text' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile: program,
  });
  // The login shell of each command would read root's own .bashrc, which can take longer than everything else.
  const inside = 'mount --bind /dev/null ~/.bashrc 2>/dev/null; ip link set lo up; exec "$0" "$1"';
  const said = execFileSync('unshare', ['-mn', 'sh', '-c', inside, process.execPath, program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { routers, ship, bare, memory, clients }: ShipTimes = JSON.parse(said);
  report([
    { what: `ship to ${routers} routers against a bare loop`, got: ship / bare, goal: 1.5, better: 'less' },
    { what: 'its memory at most, MiB', got: memory, goal: 300, better: 'less' },
  ]);
  process.stdout.write(
    `(ship ${ship.toFixed(1)} s, bare loop ${bare.toFixed(1)} s; its ssh clients have ${clients.toFixed(0)} MiB of their own at most)\n`,
  );
}
