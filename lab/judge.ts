import {
  addressToExpect,
  type DetectedAddress,
  detectedAddresses,
  type Fabric,
  type IgpHop,
  letsOut,
  nodeBlocks,
  type PairExpectation,
  type Session,
  type SessionEnd,
} from '../fabric/index.ts';
import { addressBits, contains, hostPrefix, type Prefix, parsePrefix } from '../topology/address.ts';
import { borrowedRouteFailures } from './borrowed.ts';
import { type FailedCheck, failedCheck } from './failure.ts';
import { pairFailures } from './judge-pairs.ts';
import type { Lab } from './lab.ts';
import type { KernelRoute, LogLine, Observation } from './observe.ts';
import type { Probed } from './probe.ts';
import { complaints, isAskedFor } from './refused.ts';

/** All deviations of an observation and probes from the expectations. Consequences of a silent daemon are included. */
export function judge(lab: Lab, observation: Observation, probed: readonly Probed[]): FailedCheck[] {
  return [
    ...addressFailures(lab.fabric),
    ...observation.silent.map(({ host, daemon, output }) =>
      failedCheck(
        'daemon',
        [host],
        `${daemon} on ${host} does not answer${output === '' ? '' : `: ${output}`}`,
      ),
    ),
    ...observation.waiting.map(({ host, seconds }) =>
      failedCheck(
        'daemon',
        [host],
        `BIRD on ${host} waits for absent peers, and hides the pods of ${host} for up to ${seconds} s more (NE208)`,
      ),
    ),
    ...lab.expected.sessions.flatMap((session) => sessionFailures(observation, session)),
    ...exportFailures(lab, observation),
    ...routeFailures(lab, observation),
    ...unexpectedRoutes(lab, observation),
    ...probed.flatMap((one) => pairFailures(lab, one)),
    ...borrowedRouteFailures(lab, observation),
    ...complaints(lab.fabric, observation).map(logFailure),
  ];
}

/** Intended behaviour is no fault: reflectors with next hop self, as in the field report, cause hairpins between neighbours. */
export const turnsByDesign = (fabric: Fabric, { kind }: FailedCheck): boolean =>
  kind === 'hairpin' && fabric.bgp.reflectorNextHop === 'self';

/** Nodes whose Calico detects, or may detect, a different address than the topology's: the lab uses that one. */
const addressFailures = (fabric: Fabric): FailedCheck[] =>
  detectedAddresses(fabric).flatMap((one) => {
    const { node, expected, may } = one;
    const taken = addressToExpect(one);
    if (taken?.text === expected.text) return [];
    const peers = may.length > 1 ? 'may peer' : 'peers';
    const message =
      taken === undefined
        ? `Calico on ${node.name} finds no ${expected.family === 'ipv4' ? 'IPv4' : 'IPv6'} address`
        : `Calico on ${node.name} ${peers} from ${taken.text} instead of ${expected.text}; in this lab it does`;
    return [failedCheck('address', [node.name], message)];
  });

/** Nodes whose address as detected by Calico is unknown: the lab uses the topology's. */
export const takenOnTrust = (fabric: Fabric): FailedCheck[] =>
  detectedAddresses(fabric)
    .filter(isOnTrust)
    .map(({ node, expected }) =>
      failedCheck(
        'address',
        [node.name],
        `whether Calico on ${node.name} peers from ${expected.text} is unknown; in this lab it does`,
      ),
    );

/** Routes that a node was asked to send to the router that is their next hop, as the log has it: BIRD does not, and nothing is lost. */
export const refusedRoutes = (fabric: Fabric, { errors }: Observation): FailedCheck[] =>
  errors.filter((line) => isAskedFor(fabric, line)).map(logFailure);

const logFailure = ({ host, text }: LogLine): FailedCheck => failedCheck('log', [host], `${host}: ${text}`);

const isOnTrust = (one: DetectedAddress): boolean =>
  (one.mayFail || one.may.length > 1) && addressToExpect(one)?.text === one.expected.text;

/** How many sessions and routes are still missing. */
export const missing = (lab: Lab, observation: Observation): number =>
  observation.silent.length +
  observation.waiting.length +
  lab.expected.sessions.flatMap((session) => sessionFailures(observation, session)).length +
  routeFailures(lab, observation).length +
  exportFailures(lab, observation).length +
  borrowedRouteFailures(lab, observation).length;

/** The protocol at one end of a session. */
const stateAt = (observation: Observation, local: SessionEnd, remote: SessionEnd) =>
  observation.sessions.get(local.speaker)?.find(({ neighbor }) => neighbor === remote.address.text);

function sessionFailures(observation: Observation, session: Session): FailedCheck[] {
  const [a, b] = session.ends;
  return (
    [
      [a, b],
      [b, a],
    ] as const
  ).flatMap(([local, remote]) => {
    const state = stateAt(observation, local, remote)?.state;
    if (state === 'Established') return [];
    const is = state === undefined ? 'is not configured' : `is ${state}`;
    const down = failedCheck(
      'session',
      [local.speaker, remote.speaker],
      `${session.id} ${is} at ${local.speaker}`,
    );
    return [{ ...down, session: session.id }];
  });
}

/** A reflector sends a client every block but its own; a router sends another one the blocks of its clients. */
function exportFailures(lab: Lab, observation: Observation): FailedCheck[] {
  const blocks = nodeBlocks(lab.fabric);
  const count = (nodes: Iterable<string>, session: Session): number =>
    [...nodes]
      .flatMap((node) => blocks.get(node) ?? [])
      .filter(({ family }) => session.carries.includes(family)).length;
  const clientsOf = new Map<string, Set<string>>();
  for (const { kind, ends } of lab.fabric.sessions) {
    if (kind !== 'reflector') continue;
    clientsOf.set(ends[0].speaker, (clientsOf.get(ends[0].speaker) ?? new Set()).add(ends[1].speaker));
  }
  const nodesByRouter = nodesKnownTo(lab, clientsOf);
  const pods = lab.expected.exported === undefined ? podsLetOut(lab) : [];
  return lab.fabric.sessions.flatMap((session) =>
    session.ends.flatMap((local, index) => {
      const remote = session.ends[1 - index] as SessionEnd;
      const state = stateAt(observation, local, remote);
      if (local.kind !== 'router' || state?.state !== 'Established') return [];
      const nodes =
        session.kind === 'reflector'
          ? [...(nodesByRouter.get(local.speaker) ?? [])].filter((node) => node !== remote.speaker)
          : (clientsOf.get(local.speaker) ?? []);
      const expected = lab.expected.exported?.(session, local.speaker) ?? count(nodes, session);
      const more = pods.filter(({ family }) => session.carries.includes(family)).length;
      return state.exported >= expected && state.exported <= expected + more
        ? []
        : [
            failedCheck(
              'export',
              [local.speaker, remote.speaker],
              `${local.speaker} sends ${remote.speaker} ${state.exported} routes instead of ${expected} (${session.id})`,
            ),
          ];
    }),
  );
}

/** The nodes whose blocks a router knows: its clients, and those of the routers that it has a session with. */
function nodesKnownTo(
  lab: Lab,
  clientsOf: ReadonlyMap<string, ReadonlySet<string>>,
): Map<string, Set<string>> {
  const nodesByRouter = new Map([...clientsOf].map(([router, nodes]) => [router, new Set(nodes)]));
  for (const { kind, ends } of lab.fabric.sessions) {
    if (kind !== 'backbone') continue;
    for (const [one, other] of [ends, [ends[1], ends[0]]] as const) {
      const nodes = nodesByRouter.get(one.speaker) ?? new Set();
      for (const node of clientsOf.get(other.speaker) ?? []) nodes.add(node);
      nodesByRouter.set(one.speaker, nodes);
    }
  }
  return nodesByRouter;
}

/** Every machine on the path has a kernel route, with correct next hops only. */
function routeFailures(lab: Lab, observation: Observation): FailedCheck[] {
  const blocks = nodeBlocks(lab.fabric);
  const done = new Set<string>();
  return lab.expected.pairs.flatMap((pair) => {
    if (!pair.reachable) return [];
    const targetBlocks = (blocks.get(pair.to) ?? []).filter(({ family }) => family === pair.family);
    const routes = pair.routes ?? new Map(targetBlocks.map(({ text }) => [text, pair.steps]));
    return [...routes].flatMap(([text, all]) =>
      [...all].flatMap(([machine, steps]) => {
        const key = `${machine} ${text}`;
        const parsed = parsePrefix(text);
        if (steps.length === 0 || done.has(key) || !parsed.ok) return [];
        done.add(key);
        return onMachine(lab, observation, pair, machine, parsed.prefix, steps);
      }),
    );
  });
}

function onMachine(
  lab: Lab,
  observation: Observation,
  pair: PairExpectation,
  machine: string,
  block: Prefix,
  steps: readonly IgpHop[],
): FailedCheck[] {
  const isGateway = lab.fabric.hosts.some(({ name }) => name === machine);
  const route = kernelRouteTo(observation.routes.get(machine) ?? [], block, isGateway);
  if (route === undefined || route.type !== 'unicast') {
    const has = route === undefined ? 'no route' : `an ${route.type} route`;
    return [
      failedCheck(
        'route',
        [machine],
        `${machine} has ${has} to ${block.text}, ${block.length === addressBits(block.family) ? 'a pod' : 'the block'} of ${pair.to}`,
      ),
    ];
  }
  const right = new Set(steps.map(({ to }) => to));
  return route.hops
    .map(({ via, dev }) => ({ via, dev, to: via === undefined ? undefined : lab.machineOf.get(via) }))
    .filter(({ to }) => to === undefined || !right.has(to))
    .map(({ via, dev, to }) =>
      failedCheck(
        'next-hop',
        [machine],
        `${machine} sends to ${block.text} (${pair.to}) by ${via ?? dev}${to === undefined ? '' : ` (${to})`} instead of ${[...right].join(' or ')}`,
      ),
    );
}

/** A speaker has a route to the block itself; a gateway may have a range that holds it, or a default route. */
function kernelRouteTo(
  routes: readonly KernelRoute[],
  block: Prefix,
  isGateway: boolean,
): KernelRoute | undefined {
  const lengthOf = ({ to }: KernelRoute): number => {
    const parsed = parsePrefix(to);
    if (to === 'default') return 0;
    return parsed.ok && contains(parsed.prefix, block) ? parsed.prefix.length : -1;
  };
  const holding = routes.filter((route) =>
    isGateway
      ? lengthOf(route) >= 0 && (route.to !== 'default' || isOf(route, block.family))
      : route.to === block.text,
  );
  const longest = Math.max(...holding.map(lengthOf));
  return holding
    .filter((route) => lengthOf(route) === longest)
    .reduce<KernelRoute | undefined>(
      (best, one) => (best === undefined || one.metric < best.metric ? one : best),
      undefined,
    );
}

/** Linux uses the same name for the default route of both families. */
const isOf = ({ hops }: KernelRoute, family: Prefix['family']): boolean =>
  hops.some(({ via }) => (via?.includes(':') ? 'ipv6' : 'ipv4') === family);

/** Pods that a BGPFilter lets out beside their blocks (NE409). Who gets their routes depends on next hops: wherever one is, it leads to the pod. */
function podsLetOut({ fabric, plan }: Lab): Prefix[] {
  const nodes = new Map(fabric.nodes.map((node) => [node.name, node]));
  return plan.pods.flatMap(({ node: name, addresses }) => {
    const node = nodes.get(name);
    const routers = fabric.regions.find((region) => region.name === node?.region)?.routers ?? [];
    return addresses
      .map(hostPrefix)
      .filter(
        (pod) => node !== undefined && routers.some((router) => letsOut(fabric, node, router.name, pod)),
      );
  });
}

/** Unexpected routes inside the pools: neither blocks nor pods of the machine itself. */
function unexpectedRoutes(lab: Lab, observation: Observation): FailedCheck[] {
  const blocks = new Set([...nodeBlocks(lab.fabric).values()].flat().map(({ text }) => text));
  const podAddresses = new Map(
    lab.plan.pods.map((pod) => [pod.node, [...pod.addresses, ...pod.borrowed].map(({ text }) => text)]),
  );
  const out = new Set([
    ...podsLetOut(lab).map(({ text }) => text),
    // These are checked separately.
    ...(lab.expected.borrowed ?? []).map(({ address }) => hostPrefix(address).text),
  ]);
  const written = new Map(
    lab.plan.hosts.map(({ name, routes }) => [name, routes.map(({ prefix }) => prefix.text)]),
  );
  return [...observation.routes].flatMap(([machine, routes]) =>
    routes.flatMap(({ to }) => {
      if (written.get(machine)?.includes(to)) return [];
      const parsed = parsePrefix(to);
      if (!parsed.ok || blocks.has(to)) return [];
      if (!lab.fabric.pods.pools.some(({ cidr }) => contains(cidr, parsed.prefix))) return [];
      if (podAddresses.get(machine)?.includes(to.replace(/\/\d+$/, '')) || out.has(to)) return [];
      return [
        failedCheck('absent', [machine], `${machine} has a route to ${to}, which is not a block of any node`),
      ];
    }),
  );
}
