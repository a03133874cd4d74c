import type { Draft } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';

/** Where machines are described; segments refer to all of them by name alone. */
const KINDS = ['routers', 'nodes', 'hosts'] as const;

/** Routers, nodes and hosts share one space of names: a segment's member could be either else. */
export function machineRules(draft: Draft): Fault[] {
  const first = new Map<string, string>();
  return KINDS.flatMap((kind) =>
    Object.keys(draft.file[kind] ?? {}).flatMap((name): Fault[] => {
      const other = first.get(name);
      if (other === undefined) {
        first.set(name, kind);
        return [];
      }
      const says = `there is a ${other.slice(0, -1)} of that name`;
      return [
        fault('machine-twice', [kind, name], says, 'Rename one of the two: segments know machines by name.', {
          part: 'key',
          notes: [{ path: [other, name], message: 'the first one' }],
        }),
      ];
    }),
  );
}

/** The names that a segment's members may have. Undefined where a section that could hold more was not understood. */
export function machineNames(draft: Draft): ReadonlySet<string> | undefined {
  if (KINDS.some((kind) => draft.faulty(kind))) return undefined;
  return new Set(KINDS.flatMap((kind) => Object.keys(draft.file[kind] ?? {})));
}
