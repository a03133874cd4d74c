import { parseAddress } from '../../topology/address.ts';

/** What a BIRD says of one of its protocols. */
export interface ProtocolState {
  readonly name: string;
  /** `BGP`, `OSPF`, `Kernel`. */
  readonly type: string;
  /** `up`; `start`, `stop`, `flush`, `down`. */
  readonly state: string;
  /** Undefined for what is no BGP. */
  readonly bgp: BgpSession | undefined;
  readonly channels: readonly ChannelState[];
  /** Of its routes those whose next hop nothing resolves: unreachable, and imported all the same. Absent where there are none. */
  readonly unresolved?: number;
}

export interface BgpSession {
  /** `Established`, or how far it is. */
  readonly state: string;
  /** Without the interface of a link-local address; empty where BIRD listens for a range. */
  readonly neighbor: string;
  /** Why it was lost the last time, in BIRD's words; empty if it never was. */
  readonly error: string;
}

/** The counts are zero where a channel is not up: BIRD leaves them out. */
export interface ChannelState {
  readonly name: string;
  readonly state: string;
  readonly imported: number;
  readonly exported: number;
  /** Imported, and the best of their table. */
  readonly preferred: number;
}

/**
 * Reads what `birdc -v show protocols all` prints, or the same without `-v`; BIRD 2 and 3. Lines that mean nothing here are
 * passed over, and so is an error instead of an answer: then there are no protocols. Lines are known by their code (1002
 * starts a protocol, 1006 is of it) and by their names; what stands in columns is in the format that the operator chose.
 */
export function protocolStates(text: string): ProtocolState[] {
  const states = protocolsIn(text).map(({ name, type, state, lines }) => ({
    name,
    type,
    state,
    bgp: type === 'BGP' ? bgpSession(lines) : undefined,
    channels: channelStates(lines),
  }));
  // Pieces of the text would keep all of it in memory.
  return structuredClone(states);
}

/** One `protocol bgp` in short, of BIRD 1.6 as well, which has no channels. */
export interface BgpState {
  readonly name: string;
  /** `Established`, or what it is instead, with BIRD's reason. */
  readonly state: string;
  readonly neighbor: string;
  /** Of all channels. */
  readonly imported: number;
  readonly exported: number;
  /** When it came into its state, as the daemon writes it. */
  readonly since: string;
}

/** Reads what `show protocols all` prints; BIRD 1.6, 2 and 3. */
export function bgpStates(text: string): BgpState[] {
  const all = protocolsIn(text).filter(({ type }) => type === 'BGP');
  return all.map(({ name, state, rest, lines }) => {
    // A date and a time, or a time alone; then the state of the session, and the reason of it.
    const [since = ''] = /^(\S*-\S+\s+)?\S+/.exec(rest) ?? [];
    const info = rest.slice(since.length).trim();
    const counts = lines.flatMap((line) => {
      const found = ROUTES.exec(/^\s+Routes:\s+(.*)/.exec(line)?.[1] ?? '');
      return found === null ? [] : [found];
    });
    const sum = (group: number) => counts.reduce((total, found) => total + Number(found[group]), 0);
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
  /** What follows on the first line. */
  readonly rest: string;
  readonly lines: readonly string[];
}

function protocolsIn(text: string): Printed[] {
  const found: (Printed & { lines: string[] })[] = [];
  for (const raw of text.split(/\r?\n/)) {
    // A line that repeats the code of the one before has a blank in its place (BIRD's doc/reply_codes).
    const line = /^\d{4}[- ]/.test(raw) ? raw.slice(5) : raw.replace(/^ /, '');
    const [head, name = '', type = '', state = ''] = HEAD.exec(line) ?? [];
    if (head === undefined) found.at(-1)?.lines.push(line);
    else found.push({ name, type, state, rest: line.slice(head.length).trim(), lines: [] });
  }
  return found;
}

/** How many routes of a protocol are unresolved: a count and a name. */
export const UNRESOLVED = /^[1-9]\d* \S+$/;

/** These protocols with what was said of their unresolved routes, each line a count and a name. */
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

/** Whether a protocol runs, with its session if it has one; of a channel, whether that is up as well. */
export const isUp = (one: ProtocolState | undefined, channel?: string): boolean =>
  one?.state === 'up' &&
  (one.bgp === undefined || one.bgp.state === 'Established') &&
  (channel === undefined || one.channels.some(({ name, state }) => name === channel && state === 'UP'));

/** Name, type, table and state: nothing else that BIRD prints starts a line and has a state as its fourth word. */
const HEAD = /^(\S+)\s+(\S+)\s+\S+\s+(up|start|stop|flush|down)(?:\s|$)/;

/** With `import keep filtered` BIRD counts those in between. */
const ROUTES = /^(\d+) imported, (?:\d+ filtered, )?(\d+) exported(?:, (\d+) preferred)?/;

function bgpSession(lines: readonly string[]): BgpSession {
  const address = valueBehind(lines, 'Neighbor address').split(/[%\s]/)[0] ?? '';
  return {
    state: valueBehind(lines, 'BGP state'),
    neighbor: parseAddress(address)?.text ?? address,
    error: valueBehind(lines, 'Last error'),
  };
}

function channelStates(lines: readonly string[]): ChannelState[] {
  const starts = lines.flatMap((line, index) => (/^\s+Channel \S+\s*$/.test(line) ? [index] : []));
  return starts.map((start, at) => {
    const own = lines.slice(start + 1, starts[at + 1]);
    const counts = ROUTES.exec(valueBehind(own, 'Routes'));
    const [imported = 0, exported = 0, preferred = 0] = (counts ?? [])
      .slice(1)
      .map((one) => Number(one ?? 0));
    return {
      name: lines[start]?.trim().slice('Channel '.length) ?? '',
      state: valueBehind(own, 'State'),
      imported,
      exported,
      preferred,
    };
  });
}

/** What stands behind a name on the first line that starts with it. */
function valueBehind(lines: readonly string[], name: string): string {
  const line = lines.find((one) => one.trimStart().startsWith(`${name}:`)) ?? '';
  return line.slice(line.indexOf(':') + 1).trim();
}
