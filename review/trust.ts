import { deliveredPassword, hostKeyName, type RouterSpeaker } from '../fabric/index.ts';
import { listed } from '../topology/suggest.ts';
import type { Danger } from './danger.ts';
import {
  delivered,
  isSame,
  keysOf,
  minus,
  refusedDeliveries,
  type TrustFiles,
  type Trusting,
  target,
} from './delivered.ts';
import { type HostKeys, type Trusted, trustedFor } from './host-keys.ts';
import type { PartChange } from './parts.ts';

/** The files themselves, as parts of what changes. */
export function trustFileChanges(before: TrustFiles, after: TrustFiles): PartChange[] {
  const files = [
    ['known_hosts', before.knownHosts, after.knownHosts],
    ['secrets.age', before.secrets, after.secrets],
  ] as const;
  return files.flatMap(([name, was, is]): PartChange[] => {
    if (was === is) return [];
    const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
    return [{ kind: 'file', name, change, details: [] }];
  });
}

/** Nothing of this is rendered, so that no other part of a review shows it; the next delivery believes it all the same. */
export function trustDangers(before: Trusting, after: Trusting): Danger[] {
  return [targets, folders, refused, hostKeys, secrets, operatorManifest, repository].flatMap((rule) =>
    rule(before, after),
  );
}

function targets(before: Trusting, after: Trusting): Danger[] {
  const [keysBefore, keysAfter] = [before, after].map(keysOf) as [HostKeys, HostKeys];
  return delivered(before.fabric, after.fabric).flatMap(({ router, was }): Danger[] => {
    if (was === undefined || target(was) === target(router)) return [];
    const [then, now] = [
      trustedFor(hostKeyName(was.ssh), keysBefore),
      trustedFor(hostKeyName(router.ssh), keysAfter),
    ] as const;
    const isNamedAnew = hostKeyName(was.ssh) !== hostKeyName(router.ssh);
    const key = !isNamedAnew
      ? ''
      : isEmpty(now)
        ? ', and known_hosts has no key for it there'
        : isSame(then, now)
          ? ', with unchanged host keys'
          : ', with other host keys';
    return [
      {
        code: 'delivery-target',
        severity: 'error',
        message: `${router.name} is now delivered to ${target(router)} instead of ${target(was)}${key}`,
        fix: `Look at the console of ${router.name} whether its own sshd answers there, and whose account it is: that machine gets the router's configuration and passwords.`,
      },
    ];
  });
}

/** Whether BIRD reads that folder only its owner knows. */
const folders = (before: Trusting, after: Trusting): Danger[] =>
  delivered(before.fabric, after.fabric).flatMap(({ router, was }): Danger[] => {
    if (was === undefined || was.bird.configDir === router.bird.configDir) return [];
    return [
      {
        code: 'delivery-folder',
        severity: 'warning',
        message: `${router.name} is now delivered into ${router.bird.configDir} instead of ${was.bird.configDir}`,
        fix: 'Make sure that its BIRD reads its main file from there.',
      },
    ];
  });

/** The cluster would get the change, and these routers would not. */
const refused = (before: Trusting, after: Trusting): Danger[] =>
  refusedDeliveries(before.fabric, after.fabric).map(({ message, fix }) => ({
    code: 'delivery-refused',
    severity: 'error',
    message,
    fix,
  }));

const isEmpty = ({ key, authority }: Trusted): boolean => key.size + authority.size === 0;

/** Changes of known_hosts for a router. */
interface KeyChange {
  readonly what: 'trusted' | 'signed' | 'freed' | 'dropped';
  /** `known_hosts:3 (ssh-ed25519 SHA256:...)`; of lines that are gone the key alone. */
  readonly keys: readonly string[];
  /** Nothing was delivered to the router before this change. */
  readonly isFirst: boolean;
}

function hostKeys(before: Trusting, after: Trusting): Danger[] {
  const [keysBefore, keysAfter] = [before, after].map(keysOf) as [HostKeys, HostKeys];
  // An authority, a pattern or a fleet with one key: what is the same of several routers is said once.
  const changes = new Map<string, KeyChange & { readonly routers: string[] }>();
  for (const { router, was } of delivered(before.fabric, after.fabric)) {
    for (const change of keyChanges(router, was, keysBefore, keysAfter)) {
      const id = JSON.stringify(change);
      const entry = changes.get(id) ?? { ...change, routers: [] };
      entry.routers.push(router.name);
      changes.set(id, entry);
    }
  }
  return [...[...changes.values()].map(keyDanger), ...forNobody(before, after, keysBefore, keysAfter)];
}

function keyChanges(
  router: RouterSpeaker,
  was: RouterSpeaker | undefined,
  keysBefore: HostKeys,
  keysAfter: HostKeys,
): KeyChange[] {
  const now = trustedFor(hostKeyName(router.ssh), keysAfter);
  const then = was === undefined ? NONE : trustedFor(hostKeyName(was.ssh), keysBefore);
  const placed = ([key, line]: readonly [string, number]) => `known_hosts:${line} (${key})`;
  // Of a key that is pinned, or may sign, it is told that it is believed.
  const freed = minus(then.revoked, now.revoked).filter(
    ([key]) => !now.key.has(key) && !now.authority.has(key),
  );
  const dropped = [...minus(then.key, now.key), ...minus(then.authority, now.authority)];
  const all: readonly (readonly [KeyChange['what'], readonly string[]])[] = [
    ['trusted', minus(now.key, then.key).map(placed)],
    ['signed', minus(now.authority, then.authority).map(placed)],
    ['freed', freed.map(([key]) => key)],
    ['dropped', dropped.map(([key]) => key)],
  ];
  return all
    .filter(([, keys]) => keys.length > 0)
    .map(([what, keys]) => ({ what, keys, isFirst: was === undefined }));
}

const NONE: Trusted = { key: new Map(), authority: new Map(), revoked: new Map() };

function keyDanger({ what, keys, isFirst, routers }: KeyChange & { readonly routers: string[] }): Danger {
  const [which, of] = [listed(keys, 'and'), listed(routers, 'and')];
  const severity = isFirst || what === 'dropped' ? 'warning' : 'error';
  switch (what) {
    case 'trusted':
      return {
        code: 'host-key-trusted',
        severity,
        message: `the next delivery accepts any machine with the host key of ${which} as ${of}`,
        fix: "Compare it with the output of ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (or the file of another key type) at the router's console, and accept it only if it matches.",
      };
    case 'signed':
      return {
        code: 'host-key-signed',
        severity,
        message: `the next delivery accepts any machine as ${of} whose host key is signed by the authority of ${which}`,
        fix: 'Ask the operator of that authority for its fingerprint, outside this pull request. Accept it only if it matches.',
      };
    case 'freed':
      return {
        code: 'host-key-freed',
        severity,
        message: `known_hosts no longer revokes ${which} for ${of}: anyone with that key can pose as the router again`,
        fix: 'Keep the line. A leaked key stays leaked: give the router a new one.',
      };
    case 'dropped':
      return {
        code: 'host-key-dropped',
        severity,
        message: `known_hosts no longer trusts ${which} for ${of}: a router with no other key gets no more deliveries`,
        fix: 'Make sure each has another key there before the next delivery.',
      };
  }
}

/** New lines that are no router's: whoever gets such a name later is believed by them. And what we cannot read. */
function forNobody(before: Trusting, after: Trusting, keysBefore: HostKeys, keysAfter: HostKeys): Danger[] {
  const textOf = ({ trust }: Trusting) => (trust.knownHosts ?? '').split('\n').map((line) => line.trim());
  const linesBefore = new Set(textOf(before));
  const isNew = (line: number) => !linesBefore.has(textOf(after)[line - 1] ?? '');
  const names = after.fabric.routers.filter(({ planned }) => !planned).map(({ ssh }) => hostKeyName(ssh));
  const stray = keysAfter.lines.filter(
    ({ line, makes, matches }) => makes !== 'revoked' && isNew(line) && !names.some(matches),
  );
  const odd = keysAfter.odd.filter(({ text }) => !keysBefore.odd.some((one) => one.text === text));
  const lines = (all: readonly { readonly line: number }[]) =>
    `known_hosts:${listed(
      all.map(({ line }) => String(line)),
      'and',
    )}`;
  return [
    ...(stray.length === 0
      ? []
      : [
          {
            code: 'host-key-unused' as const,
            severity: 'warning' as const,
            message: `${lines(stray)} ${stray.length === 1 ? 'is' : 'are'} for no router in this topology: a router that later gets such a name is trusted by it`,
            fix: 'Remove it, or correct the name: it is ssh.host from the topology, or [host]:port if the port is not 22.',
          },
        ]),
    ...(odd.length === 0
      ? []
      : [
          {
            code: 'host-key-unreadable' as const,
            severity: 'warning' as const,
            message: `${lines(odd)} ${odd.length === 1 ? 'is' : 'are'} not readable as a host key: how ssh interprets it is unknown`,
            fix: 'Write NAME TYPE KEY, as in docs/ship-access.md, or remove it.',
          },
        ]),
  ];
}

function secrets(before: Trusting, after: Trusting): Danger[] {
  const [was, is] = [before.trust.secrets, after.trust.secrets];
  if (was === is) return [];
  const routers = after.fabric.routers
    .filter((router) => !router.planned && deliveredPassword(router) !== undefined)
    .map(({ name }) => name);
  const of = listed(routers, 'and');
  if (routers.length === 0) {
    return [
      {
        code: 'secrets-unused',
        severity: 'warning',
        message: `secrets.age ${changedTo(was, is)}, but no router gets a password from it`,
        fix: 'Name its users with password.secret, or remove it.',
      },
    ];
  }
  if (is === undefined) {
    return [
      {
        code: 'secrets-removed',
        severity: 'error',
        message: `secrets.age is removed: nothing can be delivered to ${of} unless the environment has the passwords`,
        fix: 'Keep it, or set a variable for each password where deliveries run. See docs/rotate-a-password.md.',
      },
    ];
  }
  return [
    {
      code: 'secrets-changed',
      severity: 'error',
      message: `secrets.age ${changedTo(was, is)}: the next delivery gives ${of} the passwords in it, and which of them changed is not visible here. Sessions whose password changed are down until both ends have it`,
      fix: 'Make sure you know who wrote it; anyone with the identity can compare both with age -d. Change one router of a region at a time, as in docs/rotate-a-password.md.',
    },
  ];
}

const changedTo = (was: string | undefined, is: string | undefined): string =>
  was === undefined ? 'is new' : is === undefined ? 'goes' : 'changes';

/** Third-party code with full privileges in the cluster: a reviewer can only check its hash. */
function operatorManifest(before: Trusting, after: Trusting): Danger[] {
  const [was, is] = [before, after].map(({ fabric }) => fabric.calico.operatorManifest);
  if (is === undefined || was?.sha256 === is.sha256) return [];
  const isSameCalico = before.fabric.calico.version === after.fabric.calico.version;
  return [
    {
      code: 'operator-manifest',
      severity: isSameCalico ? 'error' : 'warning',
      message: `${is.path} is trusted by ${was === undefined ? 'its' : 'a new'} hash, sha256 ${beginning(is.sha256)}${was === undefined ? '' : ` instead of ${beginning(was.sha256)}`}: the cluster runs its content with full privileges`,
      fix: `Compare it with sha256sum of manifests/tigera-operator.yaml in the release of Calico ${after.fabric.calico.version}that you downloaded yourself.`,
    },
  ];
}

/** An engine applies whatever is there, and removes everything else. */
function repository(before: Trusting, after: Trusting): Danger[] {
  const [was, is] = [before, after].map(
    ({ fabric: { gitops } }) => `${gitops.repoURL} at ${gitops.targetRevision}`,
  );
  // Where there was no network yet, nothing is followed yet.
  if (was === is || before.fabric.nodes.length === 0) return [];
  return [
    {
      code: 'gitops-repository',
      severity: 'error',
      message: `the engine will follow ${is} instead of ${was}: it applies what it finds there with full privileges, and removes everything else`,
      fix: 'First make sure that the same dist/ is there and that the same people may merge there; then accept it.',
    },
  ];
}

const beginning = (hash: string): string => `${hash.slice(0, 16)}…`;
