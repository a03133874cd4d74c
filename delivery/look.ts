import { type BgpRoute, bgpRoutes } from '../bird/answers/routes.ts';
import { type FilteredUpdates, filteredUpdates } from '../bird/answers/updates.ts';
import type { Prefix } from '../topology/address.ts';
import { type AnswerLine, garbled, linesOf, type Outcome, short } from './answer.ts';
import { type RouterSettings, settingsOf } from './router.ts';
import type { Line } from './ssh/remote.ts';

/** What a router does with packets to pods. */
export interface RouterView {
  /** BIRD's routes from BGP in the pools. */
  readonly routes: readonly BgpRoute[];
  /** Lines of `ip route`, of every table. */
  readonly kernel: readonly string[];
  /** Why the kernel's routes are not known. */
  readonly noKernel: string | undefined;
  /** By protocol and channel, the updates that BIRD's import filters dropped and took since the session came up. */
  readonly updates: ReadonlyMap<string, FilteredUpdates>;
  /** By interface, `1` or `2`; `all` is one of them. */
  readonly rpFilters: ReadonlyMap<string, string>;
  /** By WireGuard interface, the AllowedIPs of its peers; empty if there is none, or the account may not see them. */
  readonly allowedIPs: ReadonlyMap<string, readonly string[]>;
  /** Its time of day, in seconds since 1970. */
  readonly clock: number;
  /** By the same clock, when the last delivery was recorded; undefined if there is no such record. */
  readonly shipped: number | undefined;
}

/** Changes nothing. The pools come from the topology. */
export async function look(
  line: Line,
  settings: RouterSettings,
  pools: readonly Prefix[],
  stop?: AbortSignal,
): Promise<Outcome<RouterView>> {
  const args = pools.map(({ text }) => text);
  const answer = linesOf(
    'look',
    await line.run({ verb: 'look', settings: settingsOf(settings), args }, undefined, stop),
  );
  if (answer.failed !== undefined) return answer;
  const wrong = answer.done.find((one) => !isKnown(one));
  if (wrong !== undefined) return { failed: garbled('look', wrong, 'a valid line') };
  if (answer.done[0]?.key !== 'protocol' || answer.done[1]?.key !== 'clock')
    return { failed: garbled('look', answer.done[0], 'line "protocol" before line "clock"') };
  const all = (key: string) => answer.done.filter((one) => one.key === key).map(({ value }) => value);
  const [noKernel] = all('no-kernel');
  const [shipped] = all('shipped');
  return {
    done: {
      routes: bgpRoutes(all('bird').join('\n')),
      kernel: all('kernel'),
      noKernel: noKernel === undefined ? undefined : short(noKernel, 200),
      updates: filteredUpdates(all('updates').join('\n')),
      clock: Number(all('clock')[0]),
      shipped: shipped === undefined ? undefined : Number(shipped),
      allowedIPs: allowedIPs(all('wireguard')),
      rpFilters: new Map(all('rp_filter').map((value) => value.split(' ') as [string, string])),
    },
  };
}

/** The lines that `look` writes. */
const FORMS: Readonly<Record<string, RegExp>> = {
  protocol: /^\d+$/,
  clock: /^\d{1,12}$/,
  shipped: /^\d{1,12}$/,
  bird: /^.*$/,
  kernel: /^.*$/,
  'no-kernel': /^.*$/,
  updates: /^.*$/,
  rp_filter: /^\S+ [12]$/,
  wireguard: /^\S+ (\(none\)|[0-9a-f.:/ ]+)$/,
};

/** One line for each peer. */
function allowedIPs(lines: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of lines) {
    const [dev = '', ...prefixes] = line.split(' ');
    found.set(dev, [
      ...(found.get(dev) ?? []),
      ...prefixes.filter((one) => /\d\/\d/.test(one) || /:\S*\/\d/.test(one)),
    ]);
  }
  return found;
}

const isKnown = ({ key, value }: AnswerLine): boolean =>
  Object.hasOwn(FORMS, key) && (FORMS[key]?.test(value) ?? false);
