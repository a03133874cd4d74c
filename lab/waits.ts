import { readdirSync, readFileSync } from 'node:fs';
import type { Lab } from './lab.ts';

/** The time that the machine kept the lab waiting, over time. */
export interface Waits {
  /** Milliseconds that the lab waited for a processor between two moments, given in milliseconds of the machine's clock. */
  between(from: number, to: number): number;
  /** The same from the beginning until now. */
  total(): number;
  end(): void;
}

/** Milliseconds between two looks. A look that is more than LATE behind its time was itself kept waiting. */
const EVERY = 200;
const LATE = 50;

/**
 * Follows how long the daemons of a lab, all together, were runnable but had no processor: at most by that much a busy machine
 * delays what they do one after the other. The kernel accounts for it per process (`run_delay` in /proc/PID/schedstat; without that
 * it is unknown); a hypervisor's share is in /proc/stat. Processes that only ask, such as fping, are excluded; noencap
 * itself, which decides when a daemon gets its new files, counts.
 */
export function followWaits({ holder }: Pick<Lab, 'holder'>): Waits {
  const looks = [{ at: Date.now(), waited: 0 }];
  const lastByPid = new Map<string, { readonly isAsking: boolean; readonly waited: number }>();
  const now = () => looks.at(-1) as (typeof looks)[number];
  let stolen = stolenTime();
  /** Adds what the processes waited since the last look. */
  const processes = (): number => {
    let more = 0;
    for (const pid of processesIn(holder.path('/proc'))) {
      const at = (file: string) => readText(holder.path(`/proc/${pid}/${file}`));
      const before = lastByPid.get(pid);
      const isAsking = before?.isAsking ?? ASKING.has(at('comm').trim());
      if (isAsking && before !== undefined) continue;
      const waited = Number(at('schedstat').split(' ')[1] ?? 0) / 1e6;
      // The PID may be reused by now.
      if (!isAsking) more += Math.max(0, waited - (before?.waited ?? 0));
      lastByPid.set(pid, { isAsking, waited });
    }
    return more;
  };
  const look = (): void => {
    const { at: before, waited } = now();
    const [at, taken] = [Date.now(), stolenTime()];
    const late = Math.max(0, at - before - EVERY);
    looks.push({ at, waited: waited + processes() + (taken - stolen) + (late > LATE ? late : 0) });
    stolen = taken;
  };
  processes();
  // It does not keep the process alive.
  const timer = setInterval(look, EVERY).unref();
  return {
    between: (from, to) => {
      if (now().at < Math.min(to, Date.now())) look();
      const begin = looks.findLast(({ at }) => at <= from) ?? looks[0];
      const end = looks.find(({ at }) => at >= to) ?? now();
      return end.waited - (begin?.waited ?? 0);
    },
    total: () => {
      look();
      return now().waited;
    },
    end: () => clearInterval(timer),
  };
}

/** A moment, and what a lab had waited for a processor by then. Milliseconds. */
export interface Moment {
  readonly at: number;
  readonly waited: number;
}

/** Milliseconds between two moments minus those that a lab waited. */
export const unwaited = (from: Moment, to: Moment): number =>
  Math.max(0, Math.round(to.at - from.at - (to.waited - from.waited)));

/** A lab that waits for a processor still gets its time, up to this factor: not everything in it waits for everything. */
const LONGER = 3;

/** How much time a lab had between two moments. */
export const ownTime = (from: Moment, to: Moment): number =>
  Math.max(unwaited(from, to), (to.at - from.at) / LONGER);

/** Waits until a lab has had this many milliseconds of its own. */
export async function letPass(lab: Lab, milliseconds: number): Promise<void> {
  const waits = followWaits(lab);
  const moment = (): Moment => ({ at: performance.now(), waited: waits.total() });
  const started = moment();
  for (let left = milliseconds; left > 0; left = milliseconds - ownTime(started, moment()))
    await new Promise((done) => setTimeout(done, Math.max(left, LATE)));
  waits.end();
}

const ASKING: ReadonlySet<string> = new Set(['fping', 'ping']);

/** Milliseconds, of all processors together; the kernel counts hundredths of a second. */
const stolenTime = (): number =>
  10 * Number(/^cpu +(?:\d+ +){7}(\d+)/.exec(readText('/proc/stat'))?.[1] ?? 0);

/** None if the lab has ended in the meantime. */
function processesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A process that has ended no longer waits.
    return '';
  }
}
