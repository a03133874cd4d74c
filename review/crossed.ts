import { type Analysis, relays } from '../analysis/index.ts';
import { classPairs, wholeIn } from './class-pairs.ts';
import type { Danger } from './danger.ts';

/** A transit router whose OSPF ends with the change. */
export interface Crossed {
  readonly router: string;
  readonly because: 'goes' | 'restarts';
  /** Ordered pairs of nodes, whole before and after, whose packets cross it. */
  readonly pairs: number;
}

/**
 * Routers that go, or whose tables have another name: to BIRD that is a new OSPF and kernel protocol. Transit traffic is dropped until
 * OSPF finds another path; their client nodes learn of it earlier by BGP.
 */
export function crossedRouters(was: Analysis, is: Analysis): Crossed[] {
  const [before, after] = [was, is].map(
    ({ fabric }) =>
      new Map(fabric.routers.filter(({ planned }) => !planned).map((router) => [router.name, router])),
  );
  const ending = [...(before?.values() ?? [])].flatMap((router): Pick<Crossed, 'router' | 'because'>[] => {
    const now = after?.get(router.name);
    if (now === undefined) return [{ router: router.name, because: 'goes' }];
    const isSame = (['ipv4', 'ipv6'] as const).every(
      (family) => router.bird.tables[family] === now.bird.tables[family],
    );
    return isSame ? [] : [{ router: router.name, because: 'restarts' }];
  });
  if (ending.length === 0) return [];
  const [whole, isWhole] = [wholeIn(was), wholeIn(is)];
  const families = is.fabric.pods.families;
  const crossing = classPairs([was, is])
    .filter(({ from, to }) => whole(from, to) && isWhole(from, to))
    .map(({ from, to, pairs }) => ({
      pairs,
      by: new Set(families.flatMap((family) => [...relays(was, from, to, family)])),
    }));
  return ending
    .map((one) => ({
      ...one,
      pairs: crossing.filter(({ by }) => by.has(one.router)).reduce((sum, { pairs }) => sum + pairs, 0),
    }))
    .filter(({ pairs }) => pairs > 0);
}

export const crossedDangers = (crossed: readonly Crossed[]): Danger[] =>
  crossed.map(({ router, because, pairs }) => ({
    code: 'transit-interrupted',
    severity: 'warning',
    message: `${router} ${because === 'goes' ? 'is removed' : 'gets other table names, for which BIRD restarts OSPF and the kernel protocol'}, and ${pairs === 1 ? '1 pair of nodes sends' : `${pairs} pairs of nodes send`} through it: their packets are dropped until OSPF finds another path, and sessions that cross it may go down`,
    fix: `First raise the cost of its segments in a separate change, until no traffic crosses it; or do it during a quiet hour.`,
  }));
