import type { Analysis } from '../analysis/index.ts';
import type { SessionFate } from './session-fates.ts';

/**
 * Sessions with unchanged ends that the underlay no longer carries, or carries from now on: they count as removed, or
 * new.
 */
export function cutSessions(fates: readonly SessionFate[], was: Analysis, is: Analysis): SessionFate[] {
  const [wasUp, isUp] = [was, is].map(upIn) as [Up, Up];
  return fates.map((fate) => {
    const [before, after] = [wasUp.get(fate.id), isUp.get(fate.id)];
    if (before === undefined || after === undefined || (before && after)) return fate;
    const { id, kind } = fate;
    if (!before && !after) return { id, kind, change: 'kept', reasons: [], by: [] };
    const message = before ? 'the other end is no longer reachable' : 'the other end is now reachable';
    return { id, kind, change: before ? 'gone' : 'new', reasons: [{ speaker: null, message }], by: [] };
  });
}

type Up = ReadonlyMap<string, boolean>;

const upIn = ({ network, simulation }: Analysis): Up =>
  new Map(
    network.links
      .filter(({ index }) => index % 2 === 0)
      .map(({ session, sessionIndex }) => [session.id, simulation.isUp(sessionIndex)]),
  );
