import type { Fabric } from '../fabric/index.ts';
import type { Verdict, VerdictKind } from './verdict.ts';

/** How many of something are as promised, and of how many nobody knows. */
export interface Tally {
  readonly expected: number;
  readonly up: number;
  readonly unknown: number;
}

export interface RegionSummary {
  readonly name: string;
  readonly routers: readonly string[];
  /** Those that are Ready. */
  readonly nodes: Tally;
}

export interface RouterSummary {
  readonly name: string;
  /** The topology has it for later: nothing is expected of it. */
  readonly planned: boolean;
  readonly sessions: Tally;
  /** How many things differ there. */
  readonly differ: number;
  /** It could not be read, and why. */
  readonly unread: string | undefined;
}

/** The network at a glance, from what was verified. */
export interface Summary {
  readonly regions: readonly RegionSummary[];
  readonly routers: readonly RouterSummary[];
}

/** What nothing was said of is unknown. */
export function summary(fabric: Fabric, verdicts: readonly Verdict[]): Summary {
  return {
    regions: fabric.regions.map(({ name, routers, nodes }) => ({
      name,
      routers: routers.map((router) => router.name),
      nodes: tally(
        nodes.map((node) =>
          verdicts.filter(({ about, kind }) => about.name === node.name && OF_READY.includes(kind)),
        ),
      ),
    })),
    routers: fabric.routers.map(({ name, planned }) => {
      const own = verdicts.filter(({ about }) => (about.machine ?? about.name) === name);
      const sessions = fabric.sessions.filter(({ ends }) => ends.some(({ speaker }) => speaker === name));
      return {
        name,
        planned,
        sessions: tally(
          sessions.map(({ id }) =>
            own.filter(({ about, kind }) => about.name === id && OF_SESSIONS.includes(kind)),
          ),
        ),
        differ: own.filter(({ is }) => is === 'different').length,
        unread: own.find(
          ({ kind, is, about }) => kind === 'router' && is === 'unknown' && about.name === name,
        )?.cause?.message,
      };
    }),
  };
}

const OF_READY: readonly VerdictKind[] = ['node', 'node-missing', 'node-not-ready'];

const OF_SESSIONS: readonly VerdictKind[] = [
  'session',
  'session-down',
  'session-half-up',
  'session-missing',
  'session-other-neighbor',
];

/** Of each thing what was found: nothing at all is unknown, too. */
function tally(things: readonly (readonly Verdict[])[]): Tally {
  const isUnknown = (found: readonly Verdict[]) =>
    found.length === 0 ||
    (found.every(({ is }) => is !== 'different') && found.some(({ is }) => is === 'unknown'));
  const isUp = (found: readonly Verdict[]) =>
    found.length > 0 && found.every(({ is }) => is === 'as-promised');
  return {
    expected: things.length,
    up: things.filter(isUp).length,
    unknown: things.filter(isUnknown).length,
  };
}
