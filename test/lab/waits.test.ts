import { startHolder } from '../../lab/holder.ts';
import { followWaits, ownTime } from '../../lab/waits.ts';
import { scenario } from './labs.ts';

test('a lab gets the time that it did not spend waiting, and at least a third of all time', () => {
  const from = { at: 1000, waited: 50 };
  expect(ownTime(from, { at: 4000, waited: 150 })).toBe(2900);
  expect(ownTime(from, { at: 4000, waited: 50_000 })).toBe(1000);
});

scenario('the time that a lab waits for a processor', () => {
  test('is known of its processes', async () => {
    const holder = await startHolder();
    if ('message' in holder) throw new Error(holder.message);
    try {
      const waits = followWaits({ holder });
      // One processor for eight processes: each has it for an eighth of the time.
      const one = 'taskset -c "$cpu" timeout 1 sh -c "while :; do :; done" &';
      const cpu = "cpu=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/self/status)";
      await holder.run([cpu, ...Array.from({ length: 8 }, () => one), 'wait'].join('\n'));
      expect(waits.total()).toBeGreaterThan(1000);
      waits.end();
    } finally {
      await holder.end();
    }
  });

  test('is zero once it has ended', async () => {
    const holder = await startHolder();
    if ('message' in holder) throw new Error(holder.message);
    const waits = followWaits({ holder });
    await holder.end();
    expect(waits.total()).toBeGreaterThanOrEqual(0);
    waits.end();
  });
});
