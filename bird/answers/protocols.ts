import { parseAddress } from '../../topology/address.ts';
import { withoutCode } from './line.ts';

/** BIRD's view of one of its protocols. */
export interface ProtocolState {
  readonly name: string;
  /** `BGP`, `OSPF`, `Kernel`. */
  readonly type: string;
  /** `up`; `start`, `stop`, `flush`, `down`; of BIRD 1.6 also `wait`, as long as it recovers, and `feed`. */
  readonly state: string;
  /** Undefined for protocols other than BGP. */
  readonly bgp: BgpSession | undefined;
  readonly channels: readonly ChannelState[];
  /** Routes with an unresolved next hop: unreachable, but imported all the same. Absent if there are none. */
  readonly unresolved?: number;
}

export interface BgpSession {
  /** The BGP state: `Established`, or an earlier one. */
  readonly state: string;
  /** Without the interface of a link-local address; empty if BIRD listens for a range. */
  readonly neighbor: string;
  /** BIRD's reason for the last loss of the session; empty if it was never lost. */
  readonly error: string;
  /**
   * Seconds for which the routes of a lost session stay, because its neighbor may be restarting (graceful restart, RFC 4724 section 4.2).
   * Absent if they do not.
   */
  readonly routesStay?: number;
}

/** The counts are zero if a channel is not up: BIRD omits them. */
export interface ChannelState {
  readonly name: string;
  readonly state: string;
  readonly imported: number;
  readonly exported: number;
  /** Imported routes that are the best in their table. */
  readonly preferred: number;
}

/**
 * Reads the output of `birdc -v show protocols all`, or the same without `-v`; BIRD 2 and 3. Irrelevant lines are
 * skipped, and an error instead of an answer gives no protocols. Lines are recognised by their code (1002
 * starts a protocol, 1006 belongs to it) and by their names; the format of columns is the operator's choice.
 */
export function protocolStates(text: string): ProtocolState[] {
  const states = protocolsIn(text).map(({ name, type, state, lines }) => ({
    name,
    type,
    state,
    bgp: type === 'BGP' ? bgpSession(lines) : undefined,
    channels: channelStates(lines),
  }));
  // Substrings would keep the whole text in memory.
  return structuredClone(states);
}

/** Summary of one `protocol bgp`, also of BIRD 1.6, which has no channels. */
export interface BgpState {
  readonly name: string;
  /** `Established`, or the other state, with BIRD's reason. */
  readonly state: string;
  readonly neighbor: string;
  /** Of all channels. */
  readonly imported: number;
  readonly exported: number;
  /** Time of its last state change, in the daemon's format. */
  readonly since: string;
}

/** Reads the output of `show protocols all`; BIRD 1.6, 2 and 3. */
export function bgpStates(text: string): BgpState[] {
  const all = protocolsIn(text).filter(({ type }) => type === 'BGP');
  return all.map(({ name, state, rest, lines }) => {
    // A date and a time, or only a time; then the state of the session and its reason.
    const [since = ''] = /^(\S*-\S+\s+)?\S+/.exec(rest) ?? [];
    const info = rest.slice(since.length).trim();
    const counts = lines.flatMap((line) => {
      const match = ROUTES.exec(/^\s+Routes:\s+(.*)/.exec(line)?.[1] ?? '');
      return match === null ? [] : [match];
    });
    const sum = (group: number) => counts.reduce((total, match) => total + Number(match[group]), 0);
    return {
      name,
      state: info.startsWith('Established') ? 'Established' : `${state} ${info}`.trim(),
      neighbor: bgpSession(lines).neighbor,
      imported: sum(1),
      exported: sum(2),
      since: since.replace(/\s+/g, ' '),
    };
  });
}

interface Printed {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  /** The rest of the first line. */
  readonly rest: string;
  readonly lines: readonly string[];
}

function protocolsIn(text: string): Printed[] {
  const protocols: (Printed & { lines: string[] })[] = [];
  for (const raw of text.split(/\r?\n/)) {
    const line = withoutCode(raw);
    const [head, name = '', type = '', state = ''] = HEAD.exec(line) ?? [];
    if (head === undefined) protocols.at(-1)?.lines.push(line);
    else protocols.push({ name, type, state, rest: line.slice(head.length).trim(), lines: [] });
  }
  return protocols;
}

/** Number of unresolved routes of a protocol: a count and a name. */
export const UNRESOLVED = /^[1-9]\d* \S+$/;

/** Adds the unresolved routes to the protocols, from lines of a count and a name. */
export function withUnresolved(
  protocols: readonly ProtocolState[],
  lines: readonly string[],
): ProtocolState[] {
  const counts = new Map(
    lines.map((line) => {
      const [count = '', name = ''] = line.split(' ');
      return [name, Number(count)];
    }),
  );
  return protocols.map((one) => {
    const unresolved = counts.get(one.name);
    return unresolved === undefined ? one : { ...one, unresolved };
  });
}

/** Whether a protocol is up, including its session if it has one; with a channel, whether that is up too. */
export const isUp = (one: ProtocolState | undefined, channel?: string): boolean =>
  one?.state === 'up' &&
  (one.bgp === undefined || one.bgp.state === 'Established') &&
  (channel === undefined || one.channels.some(({ name, state }) => name === channel && state === 'UP'));

/** Name, type, table and state: no other line of BIRD's output has a state as its fourth word. */
const HEAD = /^(\S+)\s+(\S+)\s+\S+\s+(up|start|wait|feed|stop|flush|down)(?:\s|$)/;

/** With `import keep filtered` BIRD prints a count of filtered routes in between. */
const ROUTES = /^(\d+) imported, (?:\d+ filtered, )?(\d+) exported(?:, (\d+) preferred)?/;

function bgpSession(lines: readonly string[]): BgpSession {
  const address = valueBehind(lines, 'Neighbor address').split(/[%\s]/)[0] ?? '';
  // `118.392/-`; BIRD 1.6 has no fractions.
  const timer = /^\d+/.exec(valueBehind(lines, 'Restart timer'))?.[0];
  return {
    state: valueBehind(lines, 'BGP state'),
    neighbor: parseAddress(address)?.text ?? address,
    error: valueBehind(lines, 'Last error'),
    ...(timer === undefined ? {} : { routesStay: Number(timer) }),
  };
}

function channelStates(lines: readonly string[]): ChannelState[] {
  const starts = lines.flatMap((line, index) => (/^\s+Channel \S+\s*$/.test(line) ? [index] : []));
  return starts.map((start, at) => {
    const channelLines = lines.slice(start + 1, starts[at + 1]);
    const counts = ROUTES.exec(valueBehind(channelLines, 'Routes'));
    const [imported = 0, exported = 0, preferred = 0] = (counts ?? [])
      .slice(1)
      .map((one) => Number(one ?? 0));
    return {
      name: lines[start]?.trim().slice('Channel '.length) ?? '',
      state: valueBehind(channelLines, 'State'),
      imported,
      exported,
      preferred,
    };
  });
}

/** The value after a name, on the first line that starts with it. */
function valueBehind(lines: readonly string[], name: string): string {
  const line = lines.find((one) => one.trimStart().startsWith(`${name}:`)) ?? '';
  return line.slice(line.indexOf(':') + 1).trim();
}
