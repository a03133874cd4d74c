import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { judgeUntilCalm } from '../../delivery/change-router.ts';
import type { Delivery } from '../../delivery/delivery.ts';
import type { Inspection } from '../../delivery/inspection.ts';
import type { Remote } from '../../delivery/ssh/remote.ts';
import { until } from '../../delivery/until.ts';

/** Collects garbage: as may happen at any time in a long delivery. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** As `reasonOf` distinguishes a deadline from an interrupt. */
const why = ({ aborted, reason }: AbortSignal) => (aborted ? reason.name : 'goes on');

test('a time limit fires even after a garbage collection', async () => {
  const limit = until(performance.now() + 200, new AbortController().signal);
  for (let tries = 0; tries < 1000 && !limit.aborted; tries += 1) {
    collect();
    await sleep(20);
  }
  expect(why(limit)).toBe('TimeoutError');
});

test('an interrupt ends it at once, whether it has begun or not', () => {
  const stop = new AbortController();
  const limit = until(performance.now() + 3_600_000, stop.signal);
  collect();
  expect(why(limit)).toBe('goes on');
  stop.abort();
  expect(why(limit)).toBe('AbortError');
  expect(why(until(performance.now() + 3_600_000, stop.signal))).toBe('AbortError');
});

test('a router that never gets healthy is no longer checked once its time is up', async () => {
  const end = performance.now() + 1500;
  let late = 0;
  const gone = async () => {
    collect();
    if (performance.now() > end) late += 1;
    if (late > 5) throw new Error('it is asked again and again though its time is up');
    return { code: 255, stdout: '', stderr: 'no route\n' };
  };
  const remote: Remote = { run: gone, start: gone, fresh: () => remote, end: async () => {} };
  const delivery = {
    remote,
    settings: { configDir: '/etc/bird', mode: 'include' },
    stop: new AbortController().signal,
  } as Delivery;
  const judge = () => ({ findings: [], wait: 0 });
  expect(await judgeUntilCalm(delivery, {} as Inspection, judge, end)).toEqual({
    wrong: ['no route. Check whether the router is up, and run it again.'],
  });
});
