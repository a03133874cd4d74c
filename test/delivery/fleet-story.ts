import type { Fleet, How } from './fleet.ts';
import type { Ended, Repository, Runs } from './fleet-desk.ts';
import type { FleetRouter, RouterSeen } from './fleet-router.ts';
import { type Change, ROUTERS, type RouterName } from './fleet-topology.ts';
import { type Flow, startTraffic, unreached } from './fleet-traffic.ts';
import { waited } from './waited.ts';

/** A fault, and what is done to make it happen to a ship of one router. */
export interface Story {
  readonly fault: string;
  readonly router: RouterName;
  /** What is otherwise in the topology that this ship delivers. */
  readonly change?: Change;
  /** The noencap that delivers it, where it is none of this working copy. */
  readonly tool?: (fleet: Fleet) => string;
  /** What ship is told, besides. */
  readonly args?: readonly string[];
  /** Before the ship begins. */
  readonly before?: (router: FleetRouter) => Promise<void>;
  /** Lets ship run into it. Resolves when it has ended. */
  readonly run: (scene: Scene) => Promise<Ended>;
  /** Takes the fault away, if nobody else would, before the next ship. */
  readonly mend?: (router: FleetRouter) => Promise<void>;
  /** How ship must end: with an exit code, or by a kill. */
  readonly ends: number | 'killed';
  /** What the router must have once nothing waits any more. */
  readonly has: 'old' | 'new';
}

/** Where a story takes place. */
export interface Scene {
  readonly router: FleetRouter;
  /** A folder of its own. */
  readonly folder: string;
  /** Starts the ship, for this router alone. */
  ship(how?: How): Runs;
  /** Starts another one for it. */
  other(): Runs;
}

/** A story as it went, for the page. Nothing in it differs from run to run. */
export interface Row {
  readonly fault: string;
  readonly ship: string;
  readonly router: string;
  readonly pods: string;
  readonly next: string;
}

/** Stories that are told at once, each of another router. */
export interface Chapter {
  readonly stories: readonly Story[];
  /** Whether the next ship comes only when BIRD has gone back by itself from what nobody confirmed. */
  readonly patient: boolean;
  /** What the next ship needs. */
  readonly next?: readonly string[];
}

/** Seconds; the least that ship takes. */
export const TIMEOUT = 20;

/**
 * Tells a chapter: all routers have generation `old` and are to get the one after it. What must hold after every fault is checked
 * here: files and running configuration agree, traffic flows, the next ship delivers to all routers, and costs no packet.
 */
export async function tell(fleet: Fleet, chapter: Chapter, old: number): Promise<Row[]> {
  const { stories, patient } = chapter;
  const wanted = old + 1;
  const traffic = await startTraffic(fleet.lab, `fault-${old}`);
  const told = await Promise.all(
    stories.map((story, index) => played(fleet, story, wanted, `${old}-${index}`)),
  );
  for (const { story, ended } of told) {
    const how = ended.signal === 'SIGKILL' ? 'killed' : ended.code;
    if (how !== story.ends) throw new Error(`${story.fault}: ship ended with ${how}:\n${ended.said}`);
  }
  const left = await fleet.seen();
  if (patient) {
    await waited('BIRD goes back by itself', async () => !(await isPending(fleet)), TIMEOUT + 10);
  }
  const seen = await fleet.seen();
  for (const name of ROUTERS) {
    if (!seen[name].pending) {
      const has = stories.find(({ router }) => router === name)?.has === 'new' ? wanted : old;
      expectSound(`${name} after ${stories.map(({ fault }) => fault).join(' / ')}`, seen[name], has);
    }
  }
  await Promise.all(told.map(({ story }) => story.mend?.(fleet.routers[story.router])));
  await waited('traffic flows', async () => (await unreached(fleet.lab)).length === 0, 30);
  const flows = await traffic.end();

  fleet.desk.main.commit(wanted);
  const calm = await startTraffic(fleet.lab, `next-${old}`);
  const next = await fleet.ran(['ship', '--timeout', String(TIMEOUT), ...(chapter.next ?? [])]);
  if (next.code !== 0) throw new Error(`the next ship ended with ${next.code}:\n${next.said}`);
  for (const [name, seen] of Object.entries(await fleet.seen())) {
    expectSound(`${name} after the next ship`, seen, wanted);
    if (seen.state !== 'shipped' || seen.left.length > 0) throw new Error(`${name}: ${JSON.stringify(seen)}`);
  }
  const disturbed = lossy(await calm.end());
  if (disturbed.length > 0) throw new Error(`the next ship lost packets: ${JSON.stringify(disturbed)}`);
  return told.map(({ story, ended }) => ({
    fault: story.fault,
    ship: shipText(story.router, ended),
    router: routerText(left[story.router], old, wanted),
    pods: lossy(flows).length === 0 ? 'no packet lost' : 'some packets lost, then all arrive again',
    next: nextText(story.router, next.said),
  }));
}

async function played(fleet: Fleet, story: Story, wanted: number, name: string) {
  const router = fleet.routers[story.router];
  const repository: Repository = fleet.desk.clone(`repository-${name}`);
  const tool = story.tool?.(fleet);
  repository.commit(wanted, story.change, tool);
  await story.before?.(router);
  const ship = (how: How = {}) =>
    fleet.noencap(['ship', story.router, '--timeout', String(TIMEOUT), ...(story.args ?? [])], {
      cwd: repository.folder,
      ...(tool === undefined ? {} : { tool }),
      ...how,
    });
  const scene = { router, folder: fleet.desk.folder(`scene-${name}`), ship, other: () => ship() };
  return { story, ended: await story.run(scene) };
}

const isPending = async (fleet: Fleet): Promise<boolean> =>
  Object.values(await fleet.seen()).some(({ pending }) => pending);

/** Files and running configuration agree: BIRD runs what it would read at a restart, and nothing waits. */
function expectSound(
  what: string,
  { runs, files, atRestart, pending }: RouterSeen,
  generation: number,
): void {
  const is = JSON.stringify({ runs, files, atRestart, pending });
  const must = JSON.stringify({ runs: [generation], files: [generation], atRestart: 'ok', pending: false });
  if (is !== must) throw new Error(`${what}: ${is}, and must be ${must}`);
}

const lossy = (flows: readonly Flow[]): Flow[] => flows.filter(({ lost }) => lost > 0);

/** How ship ended and what it said of the router, without what differs from run to run. */
function shipText(router: RouterName, { signal, code, said }: Ended): string {
  if (signal === 'SIGKILL') return 'killed';
  const [, outcome = '', says = ''] = new RegExp(`^ +\\| ${router} (\\w+)(?:: (.*))?$`, 'm').exec(said) ?? [];
  return `exit ${code}, ${outcome}${says === '' ? '' : `: “${timeless(says)}”`}`;
}

const timeless = (says: string): string =>
  (says.split(/(?<!\d)[.;] (?=\w)/)[0] ?? '')
    .replace(/\S+@\S+:\d+-[0-9a-f]{6}/g, 'NAME')
    .replace(/\b[0-9a-f]{16}\b/g, 'RELEASE')
    .replace(/\b\d+(?= (s|KiB|kB|are)\b)/g, 'N')
    .replace(/(\/[\w.-]+)*\/(repository-[\d-]+|main)\//g, '')
    .replace(/\.$/, '')
    .trim();

/** What is on the router right after the fault. */
function routerText(seen: RouterSeen, old: number, wanted: number): string {
  const [runs, files] = [seen.runs, seen.files].map((all) =>
    all.length !== 1 ? 'neither' : all[0] === old ? 'the old' : all[0] === wanted ? 'the new' : 'neither',
  );
  const rest = seen.left.includes('staged') ? '; the staged files lie beside' : '';
  if (runs === files)
    return `runs ${runs} configuration, has its files${seen.pending ? '; a change waits' : ''}${rest}`;
  const end = seen.pending ? ', until BIRD goes back by itself' : '';
  return `runs ${runs} configuration${end}; has the files of ${files} one`;
}

/** What the next ship did with the router. */
function nextText(router: RouterName, said: string): string {
  const settled = new RegExp(`${router}: settle done: .*: (\\w+)$`, 'm').exec(said)?.[1];
  const outcome = new RegExp(`^ +\\| ${router} (\\w+)`, 'm').exec(said)?.[1] ?? 'nothing';
  if (settled !== undefined) return `settles first (${settled}), then ${outcome}`;
  return outcome;
}
