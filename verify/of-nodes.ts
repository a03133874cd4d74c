import { type Fabric, meshSessions, type RouterSpeaker, type Session } from '../fabric/index.ts';
import type { Verdict } from './verdict.ts';

/** The routers that have sessions with these nodes. */
export function routersOfNodes(fabric: Fabric, nodes: ReadonlySet<string>): RouterSpeaker[] {
  const ends = new Set(
    fabric.sessions
      .filter((one) => hasEndIn(one, nodes))
      .flatMap((one) => one.ends.map(({ speaker }) => speaker)),
  );
  return fabric.routers.filter(({ name, planned }) => !planned && ends.has(name));
}

/** Those of these verdicts that are about these nodes: the nodes themselves, their blocks, and their sessions from either end. */
export function ofNodes(fabric: Fabric, nodes: ReadonlySet<string>, verdicts: readonly Verdict[]): Verdict[] {
  const sessions = new Set<string>();
  for (const session of fabric.sessions) if (hasEndIn(session, nodes)) sessions.add(session.id);
  for (const session of meshSessions(fabric)) if (hasEndIn(session, nodes)) sessions.add(session.id);
  return verdicts.filter(
    ({ about, kind }) =>
      (about.kind === 'node' && nodes.has(about.name)) ||
      (about.machine !== undefined && nodes.has(about.machine)) ||
      (about.kind === 'session' && sessions.has(about.name)) ||
      kind === 'other-cluster',
  );
}

const hasEndIn = ({ ends }: Session, nodes: ReadonlySet<string>): boolean =>
  ends.some(({ speaker }) => nodes.has(speaker));
