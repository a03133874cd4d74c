import { bootLab, converged, findPrograms, type Lab } from '../../../lab/index.ts';
import type { LabHost, LabPlan } from '../../../lab/model.ts';
import { routerFiles } from '../../../routers/index.ts';
import { parseAddress } from '../../../topology/address.ts';
import { fabricOf } from '../../fabric-of.ts';
import { waited } from '../../waited.ts';
import { type Desk, type Ended, onOperator, openDesk, type Runs, TOOL } from './desk.ts';
import { type FleetRouter, LOGIN, type OtherBird, type RouterSeen, startRouter } from './router.ts';
import { fleetTopology, OPERATOR, OPERATOR_GATEWAY, ROUTERS, type RouterName } from './topology.ts';
import { unreached } from './traffic.ts';

/** Four routers that ship reaches over the network that they form, with nodes and pods that use it. */
export interface Fleet {
  readonly lab: Lab;
  readonly desk: Desk;
  readonly routers: Readonly<Record<RouterName, FleetRouter>>;
  seen(): Promise<Readonly<Record<RouterName, RouterSeen>>>;
  /** Starts noencap on the operator's machine. */
  noencap(args: readonly string[], how?: How): Runs;
  /** Runs it until it ends. */
  ran(args: readonly string[], how?: How): Promise<Ended>;
  /** Seconds: the longest that a whole delivery has taken so far on this machine. */
  slowest(): number;
  end(): Promise<void>;
}

export interface How {
  /** The working copy; the desk's own by default. */
  readonly cwd?: string;
  readonly tool?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Boots it with generation 0 on all routers, installed by hand, as before the first delivery. */
export async function bootFleet(
  birds: Readonly<Partial<Record<RouterName, OtherBird>>> = {},
): Promise<Fleet> {
  const desk = openDesk();
  let lab: Lab | undefined;
  try {
    const programs = findPrograms('.');
    if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
    const fabric = fabricOf(fleetTopology(LOGIN, 0));
    const booted = await bootLab({ fabric, routerFiles, programs, change: withoutRouters });
    if ('message' in booted) throw new Error(`${booted.message}. ${booted.fix}`);
    lab = booted;
    desk.main.commit(0);
    const started = await Promise.all(
      ROUTERS.map(async (name) => [
        name,
        await startRouter(booted, name, desk.main.rendered(name), desk.authorized, birds[name]),
      ]),
    );
    const routers = Object.fromEntries(started) as Record<RouterName, FleetRouter>;
    desk.main.pin(new Map(ROUTERS.map((name) => [name, routers[name].hostKey])));
    const fleet = fleetOf(withRouters(booted), desk, routers);
    await converged(fleet.lab, { patience: 20_000 });
    await waited('traffic between all pods', async () => (await unreached(fleet.lab)).length === 0);
    return fleet;
  } catch (error) {
    await lab?.holder.end();
    desk.end();
    throw error;
  }
}

function fleetOf(lab: Lab, desk: Desk, routers: Readonly<Record<RouterName, FleetRouter>>): Fleet {
  const noencap: Fleet['noencap'] = (args, { cwd = desk.main.folder, tool = TOOL, env = {} } = {}) =>
    onOperator(lab, cwd, [process.execPath, tool, ...args], { ...desk.env, ...env });
  let slowest = 0;
  return {
    lab,
    desk,
    routers,
    seen: async () => {
      const all = await Promise.all(ROUTERS.map(async (name) => [name, await routers[name].seen()] as const));
      return Object.fromEntries(all) as Record<RouterName, RouterSeen>;
    },
    noencap,
    ran: async (args, how) => {
      const start = performance.now();
      const ended = await noencap(args, how).ended;
      slowest = Math.max(slowest, (performance.now() - start) / 1000);
      return ended;
    },
    slowest: () => slowest,
    end: async () => {
      await lab.holder.end();
      desk.end();
    },
  };
}

/** The routers' machines without the lab's daemons: theirs are started differently. The operator has a default route. */
const withoutRouters = (plan: LabPlan): LabPlan => ({
  ...plan,
  hosts: plan.hosts.map((host): LabHost => {
    if (host.kind === 'router') return { ...host, daemons: [], files: new Map() };
    const gateway = parseAddress(OPERATOR_GATEWAY);
    return host.name === OPERATOR && gateway !== undefined ? { ...host, defaultVia: [gateway] } : host;
  }),
});

/** Lets it be inspected like any lab: the socket of a router's BIRD is where the lab expects it. */
const withRouters = (lab: Lab): Lab => ({
  ...lab,
  plan: {
    ...lab.plan,
    hosts: lab.plan.hosts.map(
      (host): LabHost =>
        host.kind === 'router'
          ? { ...host, daemons: [{ role: 'router', program: 'bird2', name: 'bird', family: 'both' }] }
          : host,
    ),
  },
});
