import { defaultOf, isWritten } from './options.ts';
import type { BgpProtocol } from './protocols.ts';

/** One option of a session that changes, and what BIRD does to the session because of it. */
export interface ChangedOption {
  readonly key: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly effect: Effect;
}

/** The options that differ between two configurations of a session. Writing out BIRD's default is not a difference. */
export function changedOptions(
  was: Pick<BgpProtocol, 'options'>,
  is: Pick<BgpProtocol, 'options'>,
): ChangedOption[] {
  const keys = [...new Set([...was.options.keys(), ...is.options.keys()])].sort();
  return keys.flatMap((key): ChangedOption[] => {
    // Options of a channel that is missing on one side: the channel itself is the difference.
    const channel = /^(ipv[46])\//.exec(key)?.[1];
    if (channel !== undefined && was.options.has(channel) !== is.options.has(channel)) return [];
    const written = [was, is].map(({ options }) => {
      const value = options.get(key);
      return isWritten(key, value) ? value : undefined;
    });
    const [before, after] = [was, is].map(({ options }, side) => written[side] ?? defaultOf(key, options));
    if (before === after) return [];
    // A disabled session has nothing to lose.
    const effect = key === 'disabled' ? 'none' : optionEffect(key);
    // Options that do not affect the session are shown as written.
    return [
      effect === 'none'
        ? { key, before: written[0], after: written[1], effect }
        : { key, before, after, effect },
    ];
  });
}

/** Options that BIRD applies by sending or requesting routes again, and those that it applies silently. All others restart the session. */
const RELOADED = [
  'import',
  'import filter',
  'export',
  'export filter',
  'next hop self',
  'next hop keep',
  'preference',
  'next hop address',
  'next hop prefer',
  'gateway',
  'cost',
  'aigp',
];
const TAKEN_OVER = [
  'bfd',
  'debug',
  'description',
  'mrtdump',
  'import keep filtered',
  'import limit',
  'receive limit',
  'export limit',
  'missing lladdr',
  'mandatory',
  'rpki reload',
];

/** What BIRD does to a session. */
export type Effect = 'reset' | 'reload' | 'none';

/** What BIRD does to a session if this option (`ipv4/table` for one of a channel) changes. */
export function optionEffect(key: string): Effect {
  const name = key.replace(/^ipv[46]\//, '');
  if (RELOADED.includes(name)) return 'reload';
  return TAKEN_OVER.includes(name) ? 'none' : 'reset';
}
