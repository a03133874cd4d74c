import { type BirdStatement, isBirdFile, readBird } from '../bird/parser.ts';
import { type BgpProtocol, birdConfig } from '../bird/protocols.ts';
import { type ChangedOption, changedOptions, type Effect } from '../bird/reconfigure.ts';
import { nodeSession } from '../calico/node/session.ts';
import {
  asCalicoHasIt,
  calicoNode,
  clusterBetween,
  endsFor,
  type Fabric,
  meshSessions,
  newNames,
  type RouterSpeaker,
  reasonText,
  type Session,
  type SessionChange,
  type SessionReason,
  withNames,
} from '../fabric/index.ts';
import { valuesOf, withIntegers } from '../topology/address.ts';

/** What a change does to a session, and why. */
export interface SessionFate {
  readonly id: string;
  readonly kind: Session['kind'];
  readonly change: SessionChange;
  readonly reasons: readonly SessionReason[];
  /** The speakers whose end changes: one, or both. */
  readonly by: readonly string[];
  /**
   * Of a session that ends for nothing but another calico-node, which nodes get one after the other: whether the other end keeps
   * the routes until it is back (RFC 4724).
   */
  readonly rolled?: 'graceful' | 'not graceful';
  /** What the cluster does to its node in between, which ends the session whatever its two ends are configured to be. */
  readonly meanwhile?: 'rejoins' | 'is relabelled';
}

/** A state of the repository as far as sessions go. */
export interface Configured {
  readonly fabric: Fabric;
  /** Rendered files by path below dist. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * What BIRD will do to each session when both ends are reconfigured: its documentation's section "Reconfiguration" and
 * `bgp_reconfigure`, tried with real BIRD for every rule used. A renamed machine is the same machine: its new name may be a
 * reason to reset, but does not make a new session.
 */
export function sessionFates(earlier: Configured, after: Configured): SessionFate[] {
  const names = newNames(earlier.fabric, after.fabric);
  const before = named(earlier, names);
  const [sessionsBefore, sessionsAfter] = [before, after].map(
    ({ fabric }) => new Map([...fabric.sessions, ...meshSessions(fabric)].map((one) => [one.id, one])),
  ) as [Map<string, Session>, Map<string, Session>];
  const isUntouched = untouched(before, after);
  // The DaemonSet replaces the whole pod: its BIRD is killed and restarts.
  const rolling = new Set(calicoNode(after.fabric).keys());
  const isInterrupted = interruptedIn(before.fabric, after.fabric, names);
  const [endBefore, endAfter] = [endsOf(before), endsOf(after)];
  const ids = [...new Set([...sessionsBefore.keys(), ...sessionsAfter.keys()])].sort();
  return ids.map((id): SessionFate => {
    const [was, is] = [sessionsBefore.get(id), sessionsAfter.get(id)];
    if (is === undefined || was === undefined) {
      const { kind } = (is ?? was) as Session;
      return { id, kind, change: is === undefined ? 'gone' : 'new', reasons: [], by: [] };
    }
    const configured = is.ends.flatMap(({ speaker }) =>
      isUntouched(was, is, speaker)
        ? []
        : differences(endBefore(was, speaker), endAfter(is, speaker)).map((one) => ({ ...one, speaker })),
    );
    const interrupted = isInterrupted(was);
    const found = [...configured, ...interrupted];
    const felt = found.filter(({ effect }) => effect === 'reset');
    const gravest = felt.length > 0 ? felt : found.filter(({ effect }) => effect === 'reload');
    const isRolled = felt.length > 0 && felt.every(({ key }) => rolling.has(key));
    // Calico's own sessions always have it; a reflector's where the topology says so, before and after.
    const isGraceful =
      is.kind === 'mesh' || [before, after].every(({ fabric }) => fabric.bgp.gracefulRestart);
    return {
      id,
      kind: is.kind,
      change: felt.length > 0 ? 'reset' : gravest.length > 0 ? 'reloaded' : 'kept',
      reasons: distinct(gravest.map(({ speaker, message }) => ({ speaker, message }))),
      by: [...new Set(gravest.map(({ speaker }) => speaker))],
      ...(interrupted[0] === undefined ? {} : { meanwhile: interrupted[0].meanwhile }),
      ...(isRolled ? { rolled: isGraceful ? ('graceful' as const) : ('not graceful' as const) } : {}),
    };
  });
}

const distinct = (reasons: readonly SessionReason[]): SessionReason[] => [
  ...new Map(reasons.map((one) => [reasonText(one), one])).values(),
];

/** A state with other names for its machines, its files too. */
function named({ fabric, files }: Configured, names: ReadonlyMap<string, string>): Configured {
  if (names.size === 0) return { fabric, files };
  const moved = (path: string): string => {
    const [folder, router = '', ...rest] = path.split('/');
    return folder === 'routers' ? [folder, names.get(router) ?? router, ...rest].join('/') : path;
  };
  return {
    fabric: withNames(fabric, names),
    files: new Map([...files].map(([path, text]) => [moved(path), text])),
  };
}

type Interruption = Difference & {
  readonly speaker: string;
  readonly meanwhile: NonNullable<SessionFate['meanwhile']>;
};
type Interrupted = (session: Session) => readonly Interruption[];

/** Sessions that are there before and after, and that the cluster does not have while an engine brings it from one to the other. */
function interruptedIn(before: Fabric, after: Fabric, names: ReadonlyMap<string, string>): Interrupted {
  const oldNames = new Map([...names].map(([old, now]) => [now, old]));
  const joins = new Set(after.nodes.map(({ name }) => name).filter((name) => oldNames.has(name)));
  const between = clusterBetween(before, after, joins);
  if (joins.size === 0 && between.sessions.length === before.sessions.length) return () => [];
  const held = new Set(between.sessions.map(({ id }) => id));
  const reset = (speaker: string, meanwhile: Interruption['meanwhile'], message: string) => ({
    meanwhile,
    key: 'cluster',
    effect: 'reset' as const,
    message,
    speaker,
  });
  return ({ id, kind, ends }) => [
    ...ends.flatMap(({ speaker }) =>
      joins.has(speaker)
        ? [reset(speaker, 'rejoins', `Kubernetes node ${oldNames.get(speaker)} leaves and rejoins`)]
        : [],
    ),
    ...(kind !== 'reflector' || held.has(id) || joins.has(ends[1].speaker)
      ? []
      : [reset(ends[1].speaker, 'is relabelled', 'its label changes before a BGPPeer selects by it')]),
  ];
}

/** One end's configuration of a session: what the daemon calls it, and option to value. */
interface End {
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
  /** A file that cannot be parsed. */
  readonly unreadable?: string;
}

function endsOf({ fabric, files }: Configured): (session: Session, speaker: string) => End {
  const nodes = new Map(fabric.nodes.map((node) => [node.name, node]));
  const detected = new Map(asCalicoHasIt(fabric).nodes.map(({ name, address }) => [name, address]));
  const routers = new Map(fabric.routers.map((router) => [router.name, router]));
  const filesOf = filesByRouter(files);
  const read = new Map<string, ReadonlyMap<string, BgpProtocol> | string>();
  const protocolsOf = (router: RouterSpeaker) => {
    const cached = read.get(router.name);
    if (cached !== undefined) return cached;
    const statements = statementsOf(filesOf.get(router.name));
    const byNeighbor =
      typeof statements === 'string'
        ? statements
        : new Map(
            birdConfig(statements, constantsOf(fabric, router)).protocols.map((one) => [
              one.options.get('neighbor') ?? '',
              one,
            ]),
          );
    read.set(router.name, byNeighbor);
    return byNeighbor;
  };
  return (session, speaker) => {
    const { remote } = endsFor(session, speaker);
    const [node, router] = [nodes.get(speaker), routers.get(speaker)];
    if (node !== undefined) return nodeSession(fabric, node, session, detected);
    const protocols = router && protocolsOf(router);
    if (typeof protocols === 'string') return { ...NONE, unreadable: protocols };
    return protocols?.get(remote.address.text) ?? NONE;
  };
}

/** Of a router that is not configured for the session. */
const NONE: End = { name: '', options: new Map() };

/** What a router's files say; a file's path where it cannot be read. Those of the base are as somebody committed them. */
function statementsOf(files: ReadonlyMap<string, string> = new Map()): BirdStatement[] | string {
  const statements: BirdStatement[] = [];
  for (const [path, text] of files) {
    if (!isBirdFile(path)) continue;
    // BIRD passes over whatever stands in a comment, characters too that nobody may send a terminal.
    let read = readBird(path, Buffer.from(text));
    if (!read.ok) read = readBird(path, Buffer.from(text.replace(/#.*/g, '')));
    if (!read.ok) return path;
    statements.push(...read.statements);
  }
  return statements;
}

/** What a router in include mode has in its own bird.conf. */
const constantsOf = ({ bgp }: Fabric, { routerId, bird }: RouterSpeaker): ReadonlyMap<string, string> =>
  new Map([
    [bird.constants.as, String(bgp.asNumber)],
    [bird.constants.routerId, routerId.text],
  ]);

/** Whether an end is plainly what it was: most are, and need not be understood. */
function untouched(
  before: Configured,
  after: Configured,
): (was: Session, is: Session, speaker: string) => boolean {
  const [speakersBefore, speakersAfter] = [textsOf(before), textsOf(after)];
  const same = new Set(
    [...speakersAfter].filter(([name, text]) => speakersBefore.get(name) === text).map(([name]) => name),
  );
  return (was, is, speaker) =>
    same.has(speaker) &&
    was.ends.every(
      ({ address, asNumber }, index) =>
        address.text === is.ends[index]?.address.text && asNumber === is.ends[index]?.asNumber,
    );
}

/** All that a speaker's ends are made of, but for the addresses and AS numbers of its sessions, as one text. */
function textsOf({ fabric, files }: Configured): Map<string, string> {
  const filesOf = filesByRouter(files);
  const routers = fabric.routers.map((router): [string, string] => [
    router.name,
    JSON.stringify([[...(filesOf.get(router.name) ?? [])].sort(), ...constantsOf(fabric, router)]),
  ]);
  const { calico, pods, peerings } = fabric;
  const asFound = asCalicoHasIt(fabric);
  const shared = JSON.stringify(
    [
      [...calicoNode(fabric)],
      // The mesh is between the addresses that Calico finds.
      asFound === fabric ? [] : asFound.nodes.map(({ name, address }) => [name, address]),
      calico.filters,
      pods.pools,
      peerings.map(({ name, password, filters }) => [name, password, filters.map((filter) => filter.name)]),
    ],
    withIntegers,
  );
  const nodes = fabric.nodes.map(({ name, region, address }): [string, string] => [
    name,
    `${region} ${valuesOf(address)
      .map(({ text }) => text)
      .join(' ')} ${shared}`,
  ]);
  return new Map([...routers, ...nodes]);
}

/** The routers' files among those of dist, by router; their paths stay those below dist. */
export function filesByRouter(files: ReadonlyMap<string, string>): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const [path, text] of files) {
    const [folder, router = ''] = path.split('/');
    if (folder !== 'routers') continue;
    const routerFiles = found.get(router) ?? new Map<string, string>();
    found.set(router, routerFiles.set(path, text));
  }
  return found;
}

interface Difference {
  readonly key: string;
  readonly effect: Effect;
  readonly message: string;
}

/** BIRD identifies a protocol by name: a new name is a new protocol. */
function differences(before: End, after: End): Difference[] {
  const file = before.unreadable ?? after.unreadable;
  if (file !== undefined) {
    const message = `${file} cannot be read, so its changes are unknown`;
    return [{ key: 'configuration', effect: 'reset', message }];
  }
  const renamed: ChangedOption[] =
    before.name === after.name
      ? []
      : [{ key: 'name', before: before.name, after: after.name, effect: 'reset' }];
  return [...renamed, ...changedOptions(before, after)]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((one) => ({
      key: one.key,
      effect: one.effect,
      message: fieldChange(one.key, one.before, one.after),
    }));
}

function fieldChange(key: string, before: string | undefined, after: string | undefined): string {
  const isLong = [before, after].some((value) => value !== undefined && /[{["]/.test(value));
  return isLong ? `changed ${key}` : `${key} ${before ?? 'not set'} -> ${after ?? 'not set'}`;
}
