import { withoutCode } from './line.ts';

/** Import updates of a channel since its session came up. */
export interface FilteredUpdates {
  /** By the import filter. */
  readonly filtered: number;
  readonly accepted: number;
}

/**
 * By protocol and channel (`k3s_kube_1_v4 ipv4`), from `show protocols all`; BIRD 2 and 3. The columns are received, rejected, filtered,
 * ignored, accepted; `---` where a number makes no sense.
 */
export function filteredUpdates(text: string): Map<string, FilteredUpdates> {
  const updates = new Map<string, FilteredUpdates>();
  let protocol = '';
  let channel = '';
  for (const raw of text.split('\n')) {
    const line = withoutCode(raw);
    const [, name] = /^(\S+)\s+\S+\s+\S+\s+(?:up|start|stop|flush|down)(?:\s|$)/.exec(line) ?? [];
    if (name !== undefined) [protocol, channel] = [name, ''];
    const [, started] = /^\s+Channel (\S+)\s*$/.exec(line) ?? [];
    if (started !== undefined) channel = started;
    const [, filtered, accepted] = /^\s+Import updates:\s+\S+\s+\S+\s+(\d+)\s+\S+\s+(\d+)/.exec(line) ?? [];
    if (filtered === undefined || channel === '') continue;
    updates.set(`${protocol} ${channel}`, { filtered: Number(filtered), accepted: Number(accepted) });
  }
  return updates;
}
