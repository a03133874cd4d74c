import { runFilter } from '../bird/filter/run.ts';
import { type Value, word } from '../bird/filter/values.ts';
import { defaultOf } from '../bird/options.ts';
import {
  FAMILIES,
  hostPrefix,
  type IpAddress,
  ipAddress,
  type PerFamily,
  type Prefix,
} from '../topology/address.ts';
import { type Fact, fact } from './facts.ts';
import { managed, type RouterSessions } from './router-sessions.ts';

/** Settings that a topology has once, as in most sessions. */
export function sharedFacts(sessions: readonly RouterSessions[], pools: readonly Prefix[]): Fact[] {
  const all = sessions.flatMap(managed);
  const [first] = all;
  if (first === undefined) return [];
  const most = (option: string): string => {
    const byDefault = defaultOf(option, new Map()) ?? '';
    const counts = new Map<string, number>();
    for (const { options } of all) {
      const value = options.get(option) ?? byDefault;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? byDefault;
  };
  const holdTime = most('hold time');
  const restart = most('graceful restart');
  const keeps = sessions
    .flatMap(({ nodes, backbone }) => [...nodes, ...backbone])
    .some(({ protocol }) =>
      FAMILIES.some((family) => (protocol.options.get(`${family}/next hop keep`) ?? 'off') !== 'off'),
    );
  const isConfigured = (option: string) => all.some(({ options }) => options.has(option));
  return [
    fact(
      ['bgp', 'reflectorNextHop'],
      keeps ? 'keep' : 'self',
      keeps
        ? 'next hop keep on the sessions to nodes'
        : 'as today; keep avoids hairpins between neighbours, see NE203',
      first.at,
    ),
    fact(
      ['bgp', 'holdTime'],
      Number(holdTime),
      isConfigured('hold time')
        ? 'hold time of the sessions'
        : "BIRD's default; a different value resets every session once",
      first.at,
    ),
    fact(
      ['bgp', 'gracefulRestart'],
      restart === 'aware' ? 'aware' : restart === 'on',
      isConfigured('graceful restart')
        ? 'graceful restart of the sessions'
        : "BIRD's default; a different value resets every session once",
      first.at,
    ),
    ...(pools.length === 0
      ? []
      : [
          fact(
            ['bgp', 'exportBorrowed'],
            takesBorrowed(sessions, pools),
            'single addresses of the pools, which the filters accept',
            first.at,
          ),
        ]),
  ];
}

/** Whether a router accepts a single address of a pool: when in doubt, yes, so that none is lost. */
function takesBorrowed(sessions: readonly RouterSessions[], pools: readonly Prefix[]): boolean {
  return sessions.some((one) =>
    managed(one).some((protocol) =>
      pools.some(({ family, value }) => {
        const policy = one.router.config.policy(protocol, `${family}/import filter`);
        const net = hostPrefix(ipAddress(family, value));
        const route = { net, attributes: NODES };
        return (
          policy !== undefined && runFilter(policy, one.router.config.library, route).verdict !== 'rejected'
        );
      }),
    ),
  );
}

/** Result for a route that a node announces. */
const NODES: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['source', word('RTS_BGP')],
  ['bgp_path', { type: 'path', value: [] }],
]);

/** Which routers peer with which; a full mesh is the default. */
export function meshFact(
  sessions: readonly RouterSessions[],
  addresses: ReadonlyMap<string, PerFamily<IpAddress>>,
): Fact[] {
  const speakers = [...addresses]
    .filter(([, { ipv4, ipv6 }]) => (ipv4 ?? ipv6) !== undefined)
    .map(([name]) => name);
  const pairs = new Set(
    sessions.flatMap(({ router, backbone }) =>
      backbone.map(({ other }) => JSON.stringify([router.name, other].sort())),
    ),
  );
  const all = (speakers.length * (speakers.length - 1)) / 2;
  if (speakers.length < 2 || pairs.size === all) return [];
  const value = [...pairs].sort().map((pair): unknown => JSON.parse(pair));
  const from = 'the sessions between the routers';
  return [fact(['bgp', 'backboneMesh'], value.length === 0 ? false : value, from)];
}
