/** A protocol of a running BIRD, as `show protocols all` has it. */
export interface Protocol {
  readonly name: string;
  /** `BGP`, `OSPF`, `Static`. */
  readonly kind: string;
  readonly state: string;
  /** BGP: `Established`, or where it is on the way there, and its last error. */
  readonly info: string;
  readonly channels: readonly Channel[];
}

export interface Channel {
  /** `ipv4`. */
  readonly name: string;
  readonly state: string;
  readonly imported: number;
  readonly exported: number;
}

/**
 * Reads `birdc -v show protocols all`. Code 1002 is a protocol's row, 1006 what belongs to it; a line without a code has
 * that of the line before. What is not known is passed over: BIRD adds lines from version to version.
 */
export function parseProtocols(lines: readonly string[]): Protocol[] {
  const found: (Protocol & {
    channels: (Channel & { state: string; imported: number; exported: number })[];
  })[] = [];
  let code = '';
  for (const line of lines) {
    const coded = /^(\d{4})[- ](.*)$/.exec(line);
    if (coded !== null) code = coded[1] ?? '';
    const text = coded === null ? line.replace(/^ {1,5}/, '') : (coded[2] ?? '');
    const row = /^(\S+)\s+(\S+)\s+\S+\s+(up|down|start|stop|flush)\s+(.*)$/.exec(text);
    if (code === '1002' && row !== null) {
      const [, name = '', kind = '', state = '', rest = ''] = row;
      found.push({ name, kind, state, info: infoOf(rest), channels: [] });
      continue;
    }
    if (code !== '1006') continue;
    const channels = found.at(-1)?.channels;
    const channel = /^\s*Channel (\S+)/.exec(text)?.[1];
    if (channel !== undefined) channels?.push({ name: channel, state: '', imported: 0, exported: 0 });
    const open = channels?.at(-1);
    if (open === undefined) continue;
    const [, key, value = ''] = /^\s+(State|Routes):\s+(.*)$/.exec(text) ?? [];
    if (key === 'State') Object.assign(open, { state: value.trim() });
    if (key === 'Routes') {
      Object.assign(open, { imported: counted(value, 'imported'), exported: counted(value, 'exported') });
    }
  }
  return found;
}

const counted = (text: string, what: string): number =>
  Number(new RegExp(`(\\d+) ${what}`).exec(text)?.[1] ?? 0);

/** After the time of the last change, which has a date in it or not. */
const infoOf = (rest: string): string =>
  rest.replace(/^(\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d+)?)?|[\d:.]+|\S+)\s*/, '').trim();
