import type { Network } from './model.ts';

/**
 * What has failed: machines that died silently (their neighbours keep carrier), segments that went down like a switch
 * (their members lose carrier), sessions that are disabled. Indices of the network.
 */
export interface FailureSet {
  readonly machines: ReadonlySet<number>;
  readonly segments: ReadonlySet<number>;
  readonly sessions: ReadonlySet<number>;
}

export const NO_FAILURE: FailureSet = { machines: new Set(), segments: new Set(), sessions: new Set() };

/** Something that can fail, by its name. */
export interface Failing {
  readonly kind: 'router' | 'node' | 'host' | 'segment' | 'session';
  readonly name: string;
}

/** Everything of a network that can fail on its own. Hosts that do not forward carry nothing. */
export function failings({ fabric, machines, segments, links }: Network): Failing[] {
  const idle = new Set(fabric.hosts.filter(({ forwards }) => !forwards).map(({ name }) => name));
  return [
    ...machines.filter(({ name }) => !idle.has(name)).map(({ kind, name }): Failing => ({ kind, name })),
    ...segments.map(({ name }): Failing => ({ kind: 'segment', name })),
    ...links
      .filter(({ index }) => index % 2 === 0)
      .map(({ session }): Failing => ({ kind: 'session', name: session.id })),
  ];
}

/** The failure of all of these together. */
export function failureOf({ named }: Network, failed: readonly Failing[]): FailureSet {
  const indices = (names: ReadonlyMap<string, number>, ...kinds: readonly Failing['kind'][]) =>
    new Set(failed.flatMap(({ kind, name }) => (kinds.includes(kind) ? (names.get(name) ?? []) : [])));
  return {
    machines: indices(named.machines, 'router', 'node', 'host'),
    segments: indices(named.segments, 'segment'),
    sessions: indices(named.sessions, 'session'),
  };
}
