import { agreement, type Fabric, meshSessions, type Session } from '../fabric/index.ts';
import type { Lab } from './lab.ts';
import { converged } from './settle.ts';

/** Milliseconds without any change after which a delivery assumes that a session will not come back. */
const UNTIL_BACK = 15_000;

/**
 * Waits as `ship` does after each wave: until all sessions on which both ends agree by then are up, and no route changes any more.
 * The speakers in `has` have the new state, the others the old one.
 */
export async function settled(lab: Lab, was: Fabric, is: Fabric, has: ReadonlySet<string>): Promise<void> {
  const sessions = sessionsBetween(was, is, has);
  // Neither fabric defines the routes in between: it is enough that they rest.
  const between = { ...lab, fabric: { ...is, sessions: [] }, expected: { sessions, pairs: [] } };
  await converged(between, { patience: UNTIL_BACK });
}

/** The sessions that come up while some speakers have one fabric and others still the other. */
export function sessionsBetween(was: Fabric, is: Fabric, has: ReadonlySet<string>): Session[] {
  const [before, after] = [was, is].map((fabric) => {
    const text = agreement(fabric);
    const all = [...fabric.sessions, ...meshSessions(fabric)];
    return new Map(all.map((session) => [session.id, { session, agreed: text(session) }]));
  });
  return [...(after?.keys() ?? []), ...(before?.keys() ?? [])]
    .filter((id, index, ids) => ids.indexOf(id) === index)
    .flatMap((id) => {
      const ends = (after?.get(id) ?? before?.get(id))?.session.ends ?? [];
      const [one, other] = ends.map(({ speaker }) => (has.has(speaker) ? after : before)?.get(id));
      return one !== undefined && one.agreed === other?.agreed ? [one.session] : [];
    });
}
