import type { ProtocolState } from '../bird/answers/protocols.ts';
import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { configurationVerdicts } from './configuration.ts';
import { nextCommands } from './next-command.ts';
import { podRouteVerdicts, type Ways, waysTo } from './pod-routes.ts';
import { routeCountVerdicts } from './route-counts.ts';
import type { RouterFacts, RouterLook } from './router-look.ts';
import { sessionsAt, sessionVerdicts } from './sessions.ts';
import { sysctlVerdicts } from './sysctls.ts';
import { asPromised, different, unknown, type Verdict } from './verdict.ts';

/**
 * What the topology promises of these routers, held against one look at each. A router that could not be read leaves everything about it
 * unknown, and the rest is told all the same.
 */
export function verifyRouters(fabric: Fabric, looks: readonly RouterLook[]): Verdict[] {
  const routers = new Map(fabric.routers.map((router) => [router.name, router]));
  const seen = new Map(looks.map((look) => [look.router, look.read]));
  const ways = waysTo(fabric, seen);
  return looks.flatMap((look) => {
    const router = routers.get(look.router);
    if (router === undefined) return [];
    return look.read === undefined
      ? unreadVerdicts(fabric, look)
      : readVerdicts(fabric, router, look.read, seen, ways);
  });
}

function readVerdicts(
  fabric: Fabric,
  router: RouterSpeaker,
  facts: RouterFacts,
  seen: ReadonlyMap<string, RouterFacts | undefined>,
  ways: Ways,
): Verdict[] {
  const sessions = sessionsAt(fabric, router.name, facts, seen);
  return [
    ...configurationVerdicts(fabric, router, facts),
    ...sessionVerdicts(fabric, router, facts, sessions),
    ...routeCountVerdicts(fabric, router, facts, sessions, ways),
    ...podRouteVerdicts(fabric, router, facts, sessions, ways),
    ...protocolVerdicts(fabric, router, facts),
    ...sysctlVerdicts(fabric, router, facts),
  ];
}

function unreadVerdicts(fabric: Fabric, { router, unread }: RouterLook): Verdict[] {
  const cause = { message: unread?.message ?? 'nobody has looked', evidence: [] };
  const sessions = fabric.sessions.filter(({ ends }) => ends.some(({ speaker }) => speaker === router));
  return [
    unknown({
      about: { kind: 'router', name: router },
      kind: 'router',
      cause: { ...cause, evidence: unread === undefined ? [] : [unread.fix] },
      next: nextCommands(fabric).shipCheck(router),
    }),
    ...sessions.map(({ id }) =>
      unknown({
        about: { kind: 'session', name: id, machine: router },
        kind: 'session',
        expected: 'Established',
        cause,
      }),
    ),
    ...(['routes', 'route', 'files', 'sysctl'] as const).map((kind) =>
      unknown({ about: { kind: 'router', name: router }, kind, cause }),
    ),
  ];
}

/** The rest of a bird.conf that is all ours. In an operator's own it is the operator's, and nothing is promised of it. */
function protocolVerdicts(fabric: Fabric, router: RouterSpeaker, { protocols }: RouterFacts): Verdict[] {
  if (router.bird.mode !== 'standalone') return [];
  const next = nextCommands(fabric);
  return protocols
    .filter(({ bgp }) => bgp === undefined)
    .map((one: ProtocolState) => {
      const about = { kind: 'protocol', name: one.name, machine: router.name } as const;
      if (one.state === 'up') return asPromised({ about, kind: 'protocol', expected: 'up', found: 'up' });
      return different({
        about,
        kind: 'protocol-down',
        expected: 'up',
        found: `${one.type} ${one.state}`,
        cause:
          one.state === 'down'
            ? {
                message: 'somebody disabled the protocol',
                evidence: [`${one.name} ${one.type} ${one.state}`],
              }
            : undefined,
        next: next.at(
          router.name,
          `birdc ${one.state === 'down' ? 'enable' : 'show protocols all'} ${one.name}`,
        ),
      });
    });
}
