import { type Fabric, newNames, sessionId, withNames } from '../fabric/index.ts';
import type { Lab } from './lab.ts';
import type { Rehearsal } from './rehearsal.ts';

/** One of several states of a lab, in which each machine has its name from the last state. */
export interface Renamed {
  readonly fabric: Fabric;
  /** The nodes that the step to this state renamed. */
  readonly joins: ReadonlySet<string>;
  /** By a machine's last name its name in this state, if different. */
  readonly ownNames: ReadonlyMap<string, string>;
}

/** A lab uses one name for a machine from boot to end; BIRD's names for its neighbours change with the states. */
export function underLastNames(states: readonly Fabric[]): Renamed[] {
  const steps = states.slice(1).map((state, index) => newNames(states[index] as Fabric, state));
  const lastNames: ReadonlyMap<string, string>[] = states.map(() => new Map());
  for (let index = steps.length - 1; index >= 0; index--) {
    const [step, later] = [steps[index], lastNames[index + 1]];
    const entries = [...(states[index]?.routers ?? []), ...(states[index]?.nodes ?? [])].map(({ name }) => {
      const next = step?.get(name) ?? name;
      return [name, later?.get(next) ?? next] as const;
    });
    lastNames[index] = new Map(entries.filter(([name, last]) => name !== last));
  }
  return states.map((state, index) => {
    const names = lastNames[index] ?? new Map();
    const nodes = new Set(state.nodes.map(({ name }) => name));
    const joined = [...(steps[index - 1]?.values() ?? [])].filter((name) => nodes.has(name));
    return {
      fabric: withNames(state, names),
      joins: new Set(joined.map((name) => names.get(name) ?? name)),
      ownNames: new Map([...names].map(([name, last]) => [last, name])),
    };
  });
}

/** What a step did, under the names that the machines have after it. */
export function underOwnNames(
  { sessions, pairs, ...rest }: Rehearsal,
  labs: readonly Pick<Lab, 'expected'>[],
  ownNames: ReadonlyMap<string, string>,
): Rehearsal {
  if (ownNames.size === 0) return { sessions, pairs, ...rest };
  const idOf = new Map(
    labs.flatMap(({ expected }) =>
      expected.sessions.map(({ id, transport, ends }) => {
        const [one = '', other = ''] = ends.map(({ speaker }) => ownNames.get(speaker) ?? speaker);
        return [id, sessionId(one, other, transport)] as const;
      }),
    ),
  );
  const named = (name: string): string => ownNames.get(name) ?? name;
  return {
    ...rest,
    sessions: sessions
      .map((one) => ({ ...one, id: idOf.get(one.id) ?? one.id }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    pairs: pairs.map((pair) => ({ ...pair, from: named(pair.from), to: named(pair.to) })),
  };
}
