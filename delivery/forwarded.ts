import { setTimeout as pause } from 'node:timers/promises';
import { garbled, linesOf, type Outcome } from './answer.ts';
import { type RouterSettings, settingsOf } from './router.ts';
import type { Line } from './ssh/remote.ts';

/** What a router's kernel has counted since its boot, in packets. */
export interface Counters {
  /** By family, those that it has passed on from one machine to another. */
  readonly forwarded: ReadonlyMap<string, number>;
  /** By interface, with those to and from the router itself. */
  readonly interfaces: ReadonlyMap<string, { readonly received: number; readonly sent: number }>;
}

/** Changes nothing. */
export async function countersOf(
  line: Line,
  settings: RouterSettings,
  stop?: AbortSignal,
): Promise<Outcome<Counters>> {
  const command = { verb: 'forwarded', settings: settingsOf(settings), args: [] };
  const answer = linesOf('forwarded', await line.run(command, undefined, stop));
  if (answer.failed !== undefined) return answer;
  const wrong = answer.done.find(({ key, value }) => !(FORMS[key]?.test(value) ?? false));
  if (wrong !== undefined) return { failed: garbled('forwarded', wrong, 'a valid line') };
  const all = (name: string) =>
    answer.done.filter(({ key }) => key === name).map(({ value }) => value.split(' '));
  const forwarded = new Map(all('forwarded').map(([family = '', count]) => [family, Number(count)]));
  if (!forwarded.has('ipv4')) return { failed: garbled('forwarded', undefined, 'line "forwarded ipv4"') };
  return {
    done: {
      forwarded,
      interfaces: new Map(
        all('interface').map(([name = '', received, sent]) => [
          name,
          { received: Number(received), sent: Number(sent) },
        ]),
      ),
    },
  };
}

/** What a router passed on within some seconds. */
export interface PassedOn {
  readonly seconds: number;
  /** Packets by family. */
  readonly packets: ReadonlyMap<string, number>;
  /** What each interface received and sent meanwhile, with what was to and from the router itself; the busiest first. */
  readonly interfaces: readonly { readonly name: string; readonly received: number; readonly sent: number }[];
}

export const isStill = ({ packets }: PassedOn): boolean =>
  [...packets.values()].every((count) => count === 0);

/** Seconds without a packet after which traffic counts as gone. */
const STILL = 5;

/** Looks until the router passes nothing on any more, for so many seconds at most; what it did in the last window. */
export async function untilStill(
  line: Line,
  settings: RouterSettings,
  seconds: number,
  stop: AbortSignal,
  say: (passed: PassedOn) => void = () => {},
): Promise<Outcome<PassedOn>> {
  const end = performance.now() + seconds * 1000;
  let before = await countersOf(line, settings, stop);
  for (;;) {
    const begun = performance.now();
    if (before.failed !== undefined) return before;
    await pause(STILL * 1000, undefined, { signal: stop }).catch(() => {});
    const now = await countersOf(line, settings, stop);
    if (now.failed !== undefined) return now;
    const passed = between(before.done, now.done, (performance.now() - begun) / 1000);
    if (isStill(passed) || performance.now() >= end || stop.aborted) return { done: passed };
    say(passed);
    before = now;
  }
}

function between(before: Counters, now: Counters, seconds: number): PassedOn {
  // A counter that went back began anew: the router has been started again.
  const more = (was: number, is: number) => (is < was ? is : is - was);
  return {
    seconds,
    packets: new Map(
      [...now.forwarded].map(([family, count]) => [family, more(before.forwarded.get(family) ?? 0, count)]),
    ),
    interfaces: [...now.interfaces]
      .map(([name, { received, sent }]) => {
        const was = before.interfaces.get(name) ?? { received: 0, sent: 0 };
        return { name, received: more(was.received, received), sent: more(was.sent, sent) };
      })
      .sort((a, b) => b.received + b.sent - a.received - a.sent || (a.name < b.name ? -1 : 1)),
  };
}

/** The lines that `forwarded` writes. */
const FORMS: Readonly<Record<string, RegExp>> = {
  protocol: /^\d+$/,
  forwarded: /^ipv[46] \d{1,15}$/,
  interface: /^\S+ \d{1,15} \d{1,15}$/,
};
