import type { Draft } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';

/** Sections that define machines; segments refer to all of them by name alone. */
const KINDS = ['routers', 'nodes', 'hosts'] as const;

/** Routers, nodes and hosts share one namespace: otherwise a segment's member would be ambiguous. */
export function machineRules(draft: Draft): Fault[] {
  const first = new Map<string, string>();
  return KINDS.flatMap((kind) =>
    Object.keys(draft.file[kind] ?? {}).flatMap((name): Fault[] => {
      const other = first.get(name);
      if (other === undefined) {
        first.set(name, kind);
        return [];
      }
      const message = `there is also a ${other.slice(0, -1)} with this name`;
      return [
        fault(
          'machine-twice',
          [kind, name],
          message,
          'Rename one of the two: segments identify machines by name.',
          {
            part: 'key',
            notes: [{ path: [other, name], message: 'first used here' }],
          },
        ),
      ];
    }),
  );
}

/** The names that a segment's members may have. Undefined if a section that could define more is unreadable. */
export function machineNames(draft: Draft): ReadonlySet<string> | undefined {
  if (KINDS.some((kind) => draft.faulty(kind))) return undefined;
  return new Set(KINDS.flatMap((kind) => Object.keys(draft.file[kind] ?? {})));
}
