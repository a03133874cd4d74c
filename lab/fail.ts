import { bgpStates } from '../bird/answers/protocols.ts';
import type { Expectations, Fabric, LoanExpectation, PairExpectation, Session } from '../fabric/index.ts';
import { expectations, igpPaths } from '../fabric/index.ts';
import { askBird } from './birdc.ts';
import type { Lab } from './lab.ts';
import { hostFolder } from './model.ts';

/** Something of a fabric that can fail, by its name. */
export type Failing =
  | { readonly kind: 'router'; readonly name: string }
  | { readonly kind: 'segment'; readonly name: string }
  | { readonly kind: 'session'; readonly name: string };

/** The element with that name; undefined if there is none. Sessions have the names of `lab`'s table: `a--b/ipv4`. */
export function failing(fabric: Fabric, name: string): Failing | undefined {
  if (fabric.routers.some((router) => router.name === name && !router.planned))
    return { kind: 'router', name };
  if (fabric.segments?.some((segment) => segment.name === name)) return { kind: 'segment', name };
  return fabric.sessions.some(({ id }) => id === name) ? { kind: 'session', name } : undefined;
}

/** Everything that can fail, for a message. */
export const failingNames = (fabric: Fabric): string[] => [
  ...fabric.routers.filter(({ planned }) => !planned).map(({ name }) => name),
  ...(fabric.segments ?? []).map(({ name }) => name),
  ...fabric.sessions.map(({ id }) => id),
];

/**
 * Breaks it in the running lab. A router dies silently: its wires are cut, but its neighbours keep carrier. A segment
 * goes down like a switch: all of its members lose carrier. A session is disabled at its router.
 */
export async function breakIt(lab: Lab, { kind, name }: Failing): Promise<void> {
  const ports = lab.plan.segments.flatMap((segment) =>
    segment.ports.map((port) => ({ ...port, segment: segment.name })),
  );
  if (kind === 'router') {
    await cutOff(lab, [name]);
  } else if (kind === 'segment') {
    const down = ports
      .filter(({ segment }) => segment === name)
      .map(({ port }) => `ip link set ${port} down`);
    await lab.holder.run(down.join('\n'));
  } else await disable(lab, name);
}

/** They die silently; their neighbours keep carrier. */
export async function cutOff({ plan, holder }: Lab, machines: readonly string[]): Promise<void> {
  const cutPorts = plan.segments.flatMap(({ ports }) => ports).filter(({ host }) => machines.includes(host));
  if (cutPorts.length > 0)
    await holder.run(cutPorts.map(({ port }) => `ip link set ${port} nomaster`).join('\n'));
}

async function disable(lab: Lab, id: string): Promise<void> {
  const session = lab.fabric.sessions.find((one) => one.id === id);
  if (session === undefined) throw new Error(`no session ${id}`);
  const [router, peer] = session.ends;
  const socket = lab.holder.path(`${hostFolder(router.speaker)}/bird.ctl`);
  const states = bgpStates((await askBird(socket, 'show protocols all'))?.text ?? '');
  const protocol = states.find(({ neighbor }) => neighbor === peer.address.text);
  await askBird(socket, `disable ${protocol?.name ?? ''}`);
}

/**
 * The lab with its expectations once these have failed. `foretold` is the analysis of that state: of several valid
 * paths it knows those that are used, and what BGPFilters leave of them.
 */
export function without(lab: Lab, failed: readonly Failing[], foretold?: Expectations): Lab {
  const fabric = failed.reduce(fabricWithout, lab.fabric);
  const dead = new Set(failed.filter(({ kind }) => kind === 'router').map(({ name }) => name));
  const hosts = lab.plan.hosts.filter(({ name }) => !dead.has(name));
  const right = reachableSessions(fabric);
  const expected = foretold === undefined ? right : asForetold(fabric, right, foretold);
  return { ...lab, fabric, plan: { ...lab.plan, hosts }, expected };
}

/**
 * Packets with a working path must arrive, predicted or not. Nodes of Calico's mesh keep a silent peer for four minutes: until
 * then their old paths are as valid as the new ones.
 */
function asForetold(
  fabric: Fabric,
  right: Expectations,
  { pairs, exported, borrowed }: Expectations,
): Expectations {
  const nodes = new Set(fabric.bgp.nodeToNodeMesh ? fabric.nodes.map(({ name }) => name) : []);
  const pairByKey = new Map(pairs.map((pair) => [`${pair.from} ${pair.to} ${pair.family}`, pair]));
  return {
    ...right,
    ...(exported === undefined ? {} : { exported }),
    ...(borrowed === undefined ? {} : { borrowed: borrowed.map(withoutRoutes) }),
    pairs: right.pairs.map((pair): PairExpectation => {
      const found = pairByKey.get(`${pair.from} ${pair.to} ${pair.family}`);
      if (found === undefined) return pair;
      const old = [...pair.steps].filter(([machine]) => nodes.has(machine));
      const steps = new Map(found.steps);
      for (const [machine, meshSteps] of old)
        steps.set(machine, [...meshSteps, ...(steps.get(machine) ?? [])]);
      return { ...pair, isLossy: pair.reachable && found.isLossy === true, steps };
    }),
  };
}

/** Calico's mesh keeps the routes of a silent peer for minutes: who has one is unknown. */
const withoutRoutes = (loan: LoanExpectation): LoanExpectation => ({ ...loan, withRoute: undefined });

/** Of the mesh sessions only those whose ends the underlay still connects are up. */
function reachableSessions(fabric: Fabric): Expectations {
  const { sessions, pairs } = expectations(fabric);
  const unreachable = new Set(
    pairs.filter(({ reachable }) => !reachable).map(({ from, to, family }) => `${from} ${to} ${family}`),
  );
  const gone = ({ kind, ends: [a, b], transport }: Session) =>
    kind === 'mesh' && unreachable.has(`${a.speaker} ${b.speaker} ${transport}`);
  return { sessions: sessions.filter((session) => !gone(session)), pairs };
}

function fabricWithout(fabric: Fabric, { kind, name }: Failing): Fabric {
  if (kind === 'session') return { ...fabric, sessions: fabric.sessions.filter(({ id }) => id !== name) };
  if (kind === 'router') {
    return {
      ...fabric,
      routers: fabric.routers.filter((router) => router.name !== name),
      regions: fabric.regions.map((region) => ({
        ...region,
        routers: region.routers.filter((router) => router.name !== name),
      })),
      sessions: fabric.sessions.filter(({ ends }) => ends.every(({ speaker }) => speaker !== name)),
    };
  }
  const cut = <T extends { readonly attachments: readonly { readonly segment: string }[] }>(
    machine: T,
  ): T => ({
    ...machine,
    attachments: machine.attachments.filter(({ segment }) => segment !== name),
  });
  const smaller: Fabric = {
    ...fabric,
    segments: fabric.segments?.filter((segment) => segment.name !== name),
    routers: fabric.routers.map(cut),
    nodes: fabric.nodes.map(cut),
    hosts: fabric.hosts.map(cut),
    regions: fabric.regions.map((region) => ({
      ...region,
      routers: region.routers.map(cut),
      nodes: region.nodes.map(cut),
    })),
  };
  return { ...smaller, sessions: smaller.sessions.filter((session) => isConnected(smaller, session)) };
}

/** Whether the underlay connects the two ends; addresses on a segment that is gone are unreachable. */
function isConnected(fabric: Fabric, { transport, ends: [a, b] }: Session): boolean {
  return igpPaths(fabric)(a.speaker, transport).distanceTo(b.speaker) !== Number.POSITIVE_INFINITY;
}
