import {
  deliveredPassword,
  type Fabric,
  hostKeyName,
  isMeant,
  markOf,
  newNames,
  type RouterName,
  type RouterSpeaker,
  routerName,
} from '../fabric/index.ts';
import { type HostKeys, readHostKeys, type Trusted, trustedFor } from './host-keys.ts';

/** What stands beside the topology, is in no rendered file, and the next delivery goes by. Undefined: it is not there. */
export interface TrustFiles {
  /** Text of known_hosts. */
  readonly knownHosts: string | undefined;
  /** The sha256 of secrets.age. Its content is not read. */
  readonly secrets: string | undefined;
}

export const NO_TRUST_FILES: TrustFiles = { knownHosts: undefined, secrets: undefined };

/** What a delivery trusts: which hosts it connects to, which keys it accepts, and what it delivers. */
export interface Trusting {
  readonly fabric: Fabric;
  readonly trust: TrustFiles;
}

/** A router that something is delivered to, and what it was before the change: under its name, under another one, or where it was. */
export interface Delivered {
  readonly router: RouterSpeaker;
  readonly was: RouterSpeaker | undefined;
}

export function delivered(before: Fabric, after: Fabric): Delivered[] {
  const names = newNames(before, after);
  const named = new Map(live(before).map((router) => [names.get(router.name) ?? router.name, router]));
  const at = byPlace(before);
  return live(after).map((router) => ({
    router,
    was: named.get(router.name) ?? at.get(hostKeyName(router.ssh)),
  }));
}

const live = ({ routers }: Fabric) => routers.filter(({ planned }) => !planned);

const byPlace = (fabric: Fabric): ReadonlyMap<string, RouterSpeaker> =>
  new Map(live(fabric).map((router) => [hostKeyName(router.ssh), router]));

export const target = ({ ssh }: RouterSpeaker): string => `${ssh.user}@${hostKeyName(ssh)}`;
export const keysOf = ({ trust }: Trusting): HostKeys => readHostKeys(trust.knownHosts ?? '');

export const isSame = (one: Trusted, other: Trusted): boolean =>
  (['key', 'authority', 'revoked'] as const).every(
    (makes) => minus(one[makes], other[makes]).length + minus(other[makes], one[makes]).length === 0,
  );

/** The keys of one that another has not, with their lines. */
export const minus = (one: Trusted['key'], other: Trusted['key']): [key: string, line: number][] =>
  [...one].filter(([key]) => !other.has(key));

/**
 * By router, what is different for its next delivery though no file of it need change: the machine it leads to, what is trusted there, and
 * what that machine is told. Only of routers that were delivered to before.
 */
export function deliveryChanges(before: Trusting, after: Trusting): ReadonlyMap<string, readonly string[]> {
  const [keysBefore, keysAfter] = [keysOf(before), keysOf(after)];
  return new Map(
    delivered(before.fabric, after.fabric).flatMap(({ router, was }): [string, string[]][] => {
      if (was === undefined) return [];
      const others = [
        ...differences(towards(before.fabric, was), towards(after.fabric, router)),
        ...(isSame(
          trustedFor(hostKeyName(was.ssh), keysBefore),
          trustedFor(hostKeyName(router.ssh), keysAfter),
        )
          ? []
          : ['to other host keys in known_hosts']),
        ...(before.trust.secrets === after.trust.secrets || deliveredPassword(router) === undefined
          ? []
          : ['with another password, perhaps: secrets.age changes']),
      ];
      return others.length === 0 ? [] : [[router.name, others]];
    }),
  );
}

/** All that `ship` tells a connection and a router's script, as a sentence goes on behind a verb. */
const towards = (
  fabric: Fabric,
  router: RouterSpeaker,
): readonly (readonly [what: string, text: string])[] => [
  ['to', target(router)],
  ['into', router.bird.configDir],
  ['in mode', router.bird.mode],
  ['with the password in', deliveredPassword(router) ?? 'no file'],
  ['with the router ID in', router.bird.mode === 'include' ? router.bird.constants.routerId : 'bird.conf'],
  ['as', markOf(routerName(fabric, router))],
];

const differences = (
  towardsBefore: ReturnType<typeof towards>,
  towardsAfter: ReturnType<typeof towards>,
): string[] =>
  towardsAfter.flatMap(([what, text], index) => {
    const then = towardsBefore[index]?.[1];
    return then === text ? [] : [`${what} ${text} instead of ${then}`];
  });

/** A router whose machine will not take what is delivered to it, for all that the topology can tell. */
export interface Refused {
  readonly router: string;
  readonly message: string;
  readonly fix: string;
}

/**
 * Machines prove which router they are before they take anything (delivery/script/identity.sh): by the mark of the last delivery, or in a
 * folder without one by BIRD's router ID. This is what follows from the topologies; whether the same machine answers, they do not tell.
 */
export function refusedDeliveries(before: Fabric, after: Fabric): Refused[] {
  const at = byPlace(before);
  const names = newNames(before, after);
  const stay = new Set(live(after).map(({ name }) => name));
  return delivered(before, after).flatMap(({ router, was: moved }): Refused[] => {
    const there = at.get(hostKeyName(router.ssh));
    const was = there ?? moved;
    if (was === undefined) return [];
    const why = refusal(routerName(before, was), routerName(after, router), was, router);
    if (why === undefined) return [];
    const isIf = there === undefined ? ', if it is the machine of before,' : '';
    const nameNow = names.get(was.name) ?? was.name;
    const isOther = nameNow !== router.name && stay.has(nameNow);
    return [
      {
        router: router.name,
        message: `${target(router)}${isIf} will refuse the delivery to ${router.name}: ${why.because}`,
        fix: isOther
          ? `Correct ssh.host and ssh.port of ${router.name}. If that machine becomes ${router.name}, remove ${router.bird.configDir}/.noencap/router there before the delivery: ${PAGE}.`
          : why.fix,
      },
    ];
  });
}

function refusal(
  marked: RouterName,
  meant: RouterName,
  was: RouterSpeaker,
  { bird: { configDir, mode, constants } }: RouterSpeaker,
): { readonly because: string; readonly fix: string } | undefined {
  if (was.bird.configDir === configDir) {
    if (isMeant(marked, meant)) return undefined;
    return {
      because: `it is marked as the router ${markOf(marked)}, ${markOf(meant)} is meant, and of network, name and router ID only one may change with a delivery`,
      fix: `Change one of them with each pull request, and deliver in between. If another machine answers there by then, this is not about it: ${PAGE}.`,
    };
  }
  // No mark in that folder, and a BIRD that has the ID of before until it is delivered to.
  if (marked.id === meant.id) return undefined;
  const first =
    mode === 'include' ? ` Or set ${constants.routerId} in its own bird.conf before the delivery.` : '';
  return {
    because: `nothing in ${configDir} shows which router it is, and its BIRD has the router ID ${marked.id} instead of ${meant.id}`,
    fix: `Change the folder and the router ID in pull requests of their own, and deliver in between.${first} Setting up its account again leaves a mark there, too: ${PAGE}.`,
  };
}

const PAGE = 'docs/ship-access.md#which-router-it-is';
