import type { RibRoute } from '../../bird/answers/routes.ts';
import { endsFor, nodeBlocks, podAddress } from '../../fabric/index.ts';
import { answered, fping, key, questions } from '../../lab/fping.ts';
import { askBird, breakIt, converged, type Failing, hostFolder, type Lab } from '../../lab/index.ts';
import type { LabHost, LabPlan } from '../../lab/model.ts';
import { type KernelRoute, type Observation, observe } from '../../lab/observe.ts';
import { pingIpv6 } from '../../lab/ping.ts';
import { readRibs } from '../../lab/ribs.ts';
import { sendSized } from '../../lab/sizes.ts';
import { contains, type Prefix, parsePrefix } from '../../topology/address.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { atRest } from '../lab/at-rest.ts';
import { booted } from '../lab/labs.ts';
import { trace } from '../lab/trace.ts';
import type { Forwarding, Look, Pair, World } from './world.ts';

/** Milliseconds: how long an expected state may take; and how long without a change until a lab counts as settled. */
const PATIENCE = 100_000;
const CONVERGENCE = 10_000;

/** Answers for a network with real BIRD. Some networks never reach the expected state: their scenarios say what they do reach. */
export async function inLab(topology: TopologyInput): Promise<World> {
  const lab = await booted(topology, impatient, CONVERGENCE);
  await lab.holder.run(wide(lab.plan));
  let failed: Failing[] = [];
  return {
    name: 'real BIRD',
    fabric: lab.fabric,
    patience: PATIENCE,
    async look() {
      const [seen, ribs] = await Promise.all([observe(lab), readRibs(lab)]);
      return lookAt(lab, seen, ribs);
    },
    async send(pair) {
      const one = only(lab, pair);
      const isReached = await ping(one);
      const reached = new Set(isReached ? one.expected.pairs.map(key) : []);
      const [path] = (await trace(one, reached)).values();
      return { answered: isReached ? 'always' : 'never', ...(path && { path }) };
    },
    async fits(pair, size) {
      const one = only(lab, pair);
      const { arrived } = await sendSized(
        one,
        one.expected.pairs.map((expected) => ({ pair: expected, size })),
        3,
      );
      return arrived.size > 0;
    },
    async fail(failing) {
      failed.push(failing);
      await breakIt(lab, failing);
    },
    async fix() {
      const gone = failed;
      failed = [];
      await fix(lab, gone);
      await converged(lab, { patience: CONVERGENCE });
    },
    end: () => lab.holder.end(),
  };
}

/**
 * Calico keeps BIRD's default hold time of 240 s for the mesh, and noencap cannot change it. Scenarios describe a settled network,
 * which would be four minutes after a machine died. No shorter: a daemon that a busy machine does not run for that long loses sessions.
 */
const impatient = (plan: LabPlan): LabPlan => ({
  ...plan,
  hosts: atRest(plan).hosts.map((host): LabHost => {
    const files = [...host.files].map(([path, text]): [string, string] => [
      path,
      text.replace(/^protocol bgp Mesh_\w+ from bgp_template \{$/gm, '$&\n  hold time 20;'),
    ]);
    return { ...host, files: new Map(files) };
  }),
});

/** The pods' own interfaces must not limit a packet. */
const wide = ({ pods }: LabPlan): string =>
  pods
    .flatMap(({ node, netns, veth }) => [
      `ip -n ${node} link set ${veth} mtu 16000`,
      `ip -n ${netns} link set eth0 mtu 16000`,
    ])
    .join('\n');

/** A lab in which only one pair is probed. */
function only(lab: Lab, { from, to, family }: Pair): Lab {
  const pairs = lab.expected.pairs.filter(
    (pair) => pair.from === from && pair.to === to && pair.family === family,
  );
  return { ...lab, expected: { ...lab.expected, pairs } };
}

async function ping(lab: Lab): Promise<boolean> {
  const [pair] = lab.expected.pairs;
  if (pair?.family === 'ipv6') {
    const [said = ''] = await pingIpv6(lab, [{ pair, args: '-c 2 -i 0.2' }]);
    return /^\d+ bytes from /m.test(said);
  }
  const asked = questions(lab).map((question) => ({ question, args: '-r 1 -B 1 -t 300' }));
  const said = await fping(lab, asked);
  return asked.some(({ question }, index) => answered(question, said[index] ?? '').length > 0);
}

async function fix(lab: Lab, failed: readonly Failing[]): Promise<void> {
  const isGone = (name: string) => failed.some((one) => one.name === name);
  const commands = lab.plan.segments.flatMap(({ name, bridge, ports }) =>
    ports
      .filter(({ host }) => isGone(name) || isGone(host))
      .map(({ port }) => `ip link set ${port} master ${bridge} up`),
  );
  await lab.holder.run(commands.join('\n'));
  const routers = new Set(
    lab.fabric.sessions.filter(({ id }) => isGone(id)).flatMap(({ ends }) => ends[0].speaker),
  );
  for (const router of routers) {
    await askBird(lab.holder.path(`${hostFolder(router)}/bird.ctl`), 'enable all');
  }
}

function lookAt(lab: Lab, seen: Observation, ribs: ReadonlyMap<string, readonly RibRoute[]>): Look {
  const blocks = nodeBlocks(lab.fabric);
  return {
    isUp: (session) =>
      session.ends.map(({ speaker }) => {
        const { remote } = endsFor(session, speaker);
        const states = seen.sessions.get(speaker) ?? [];
        return states.some((one) => one.neighbor === remote.address.text && one.state === 'Established');
      }),
    routes: (machine, block) =>
      (ribs.get(machine) ?? [])
        .filter(({ prefix }) => prefix === block.text)
        .map(({ neighbor, isBest, isResolved, nextHop, localPref, originator = '', clusters }) => ({
          from: lab.machineOf.get(neighbor) ?? neighbor,
          isBest,
          resolved: isResolved,
          nextHop,
          localPref,
          originator,
          clusters,
        })),
    forwarding(machine, block) {
      const route = routeFor(seen.routes.get(machine) ?? [], block);
      const isOwn = blocks.get(machine)?.some(({ text }) => text === block.text) ?? false;
      return {
        by: kindOf(route, block, isOwn),
        hops: isOwn || route?.type !== 'unicast' ? [] : hopsOf(lab, machine, route),
        metric: route?.metric,
      };
    },
  };
}

/** The longest prefix that contains the block's pod, and of its routes the one with the lowest metric. */
function routeFor(routes: readonly KernelRoute[], block: Prefix): KernelRoute | undefined {
  const pod = podAddress(block);
  const holding = routes.flatMap((route) => {
    if (route.to === 'default') {
      const isOfFamily = route.hops.some(({ via }) => via?.includes(':') === (block.family === 'ipv6'));
      return isOfFamily ? [{ route, length: 0 }] : [];
    }
    const parsed = parsePrefix(route.to);
    return parsed.ok && parsed.prefix.family === pod.family && contains(parsed.prefix, pod)
      ? [{ route, length: parsed.prefix.length }]
      : [];
  });
  return holding.sort((a, b) => b.length - a.length || a.route.metric - b.route.metric)[0]?.route;
}

function kindOf(route: KernelRoute | undefined, block: Prefix, isOwn: boolean): Forwarding['by'] {
  if (route === undefined) return 'no route';
  if (route.type !== 'unicast') return 'unreachable route';
  if (isOwn) return 'pod';
  return route.to === block.text ? 'bgp' : 'default route';
}

function hopsOf(lab: Lab, machine: string, { hops }: KernelRoute): Forwarding['hops'] {
  const host = (name: string) => lab.plan.hosts.find((one) => one.name === name);
  return hops.map(({ via, dev }) => {
    const segment = host(machine)?.interfaces.find(({ name }) => name === dev)?.segment ?? dev;
    const owner = via === undefined ? undefined : lab.machineOf.get(via);
    const isThere = host(owner ?? '')?.interfaces.some((one) => one.segment === segment) ?? false;
    return { segment, to: isThere ? owner : undefined };
  });
}
