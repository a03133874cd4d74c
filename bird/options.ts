/**
 * BIRD 2's options of a BGP session; each row tested with 2.0.12, see test/bird/options.test.ts. An option that is
 * set to its default counts as not set.
 */

/** Options whose value is a keyword, not a number or name; the longest match applies. */
export const OPTION_NAMES: readonly string[] = [
  'import limit',
  'export limit',
  'receive limit',
  'next hop self',
  'next hop keep',
  'next hop prefer',
  'next hop address',
  'missing lladdr',
  'add paths',
  'graceful restart',
  'long lived graceful restart',
  'gateway',
  'bfd',
  'debug',
  'mrtdump',
  'igp table',
  'import table',
  'export table',
  'local role',
  'tx class',
  'table',
  // Its name continues where other options have a value.
  'graceful restart time',
];

const OF_PROTOCOL: Readonly<Record<string, string>> = {
  'local port': '179',
  'neighbor port': '179',
  'hold time': '240',
  'startup hold time': '240',
  'connect delay time': '5',
  'connect retry time': '120',
  'error wait time': '60 , 300',
  'error forget time': '300',
  'graceful restart': 'aware',
  'graceful restart time': '120',
  'long lived graceful restart': 'aware',
  'long lived stale time': '3600',
  'rr client': 'off',
  'rs client': 'off',
  multihop: 'on',
  bfd: 'off',
  passive: 'off',
  disabled: 'off',
  debug: 'off',
  mrtdump: 'off',
  'ttl security': 'off',
  'strict bind': 'off',
  'free bind': 'off',
  'check link': 'off',
  'enable route refresh': 'on',
  'enable extended messages': 'off',
  'enable as4': 'on',
  'advertise hostname': 'off',
  'interpret communities': 'on',
  'default bgp_med': '0',
  'default bgp_local_pref': '100',
  'med metric': 'off',
  'deterministic med': 'off',
  'igp metric': 'on',
  'path metric': 'on',
  'prefer older': 'off',
  'allow local as': '0',
  'allow bgp_local_pref': 'off',
  'allow bgp_med': 'off',
  'allow as sets': 'on',
  'enforce first as': 'off',
  'disable after error': 'off',
  'disable after cease': 'off',
  'require roles': 'off',
  'neighbor kind': 'internal',
};

const OF_CHANNEL: Readonly<Record<string, string>> = {
  'import filter': 'all',
  'export filter': 'none',
  'import keep filtered': 'off',
  'receive limit': 'off',
  'export limit': 'off',
  'next hop self': 'off',
  'next hop keep': 'off',
  'extended next hop': 'off',
  'add paths': 'off',
  'graceful restart': 'off',
  'long lived graceful restart': 'off',
  'import table': 'off',
  'export table': 'off',
  'rpki reload': 'on',
  aigp: 'on',
  gateway: 'recursive',
  mandatory: 'off',
  secondary: 'off',
  validate: 'off',
  debug: 'off',
  preference: '100',
};

const CHANNEL = /^(ipv[46])\/(.*)$/;

/** BIRD's default of an option (`ipv4/table` for one of a channel) in an iBGP session. */
export function defaultOf(key: string, options: ReadonlyMap<string, string>): string | undefined {
  const [, channel, name = ''] = CHANNEL.exec(key) ?? [];
  if (channel === undefined) return OF_PROTOCOL[key];
  if (name === 'table') return channel === 'ipv4' ? 'master4' : 'master6';
  if (name === 'igp table') return options.get(`${channel}/table`);
  // A directly connected neighbour needs no lookup of its next hops.
  if (name === 'gateway' && options.get('direct') === 'on') return 'direct';
  return OF_CHANNEL[name];
}

/** A limit that is off equals no limit and has no default; all other limits are always written. */
export const isWritten = (key: string, value: string | undefined): boolean =>
  value !== undefined && !(/\/import limit$/.test(key) && value === 'off');

/** BIRD's predefined tables. */
export const PREDEFINED_TABLES: readonly string[] = ['master4', 'master6'];
