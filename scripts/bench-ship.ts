import { report } from './goals.ts';
import type { ShipTimes } from './measure-ship.ts';
import { measured } from './measured.ts';

/** How long a delivery to 100 routers takes, compared with the time for its connections, bytes and questions alone. */
export function benchShip(work: string): void {
  const times = measured<ShipTimes>('measure-ship', work, 'delivery to 100 routers');
  if (times === undefined) return;
  const { routers, ship, bare, memory, clients } = times;
  report([
    { what: `ship to ${routers} routers against a bare loop`, got: ship / bare, goal: 1.5, better: 'less' },
    { what: 'its memory at most, MiB', got: memory, goal: 300, better: 'less' },
  ]);
  process.stdout.write(
    `(ship ${ship.toFixed(1)} s, bare loop ${bare.toFixed(1)} s; its ssh clients have ${clients.toFixed(0)} MiB of their own at most)\n`,
  );
}
