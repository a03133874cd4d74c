import { readFileSync } from 'node:fs';
import { type JournalEvent, journalLine, type Result } from '../../../delivery/journal.ts';
import { waited } from '../../waited.ts';
import { NO_HURRY } from '../steps.ts';
import type { Ended, Repository, Runs } from './desk.ts';
import type { Fleet, How } from './fleet.ts';
import type { FleetRouter, RouterSeen } from './router.ts';
import { type Change, ROUTERS, type RouterName } from './topology.ts';
import { type Flow, startTraffic, unreached } from './traffic.ts';

/** A fault, and how to make it happen to a ship of one router. */
export interface Story {
  readonly fault: string;
  readonly router: RouterName;
  /** The differences in the topology that this ship delivers. */
  readonly change?: Change;
  /** The noencap that delivers it, if not that of this working copy. */
  readonly tool?: (fleet: Fleet) => string;
  /** Additional arguments for ship. */
  readonly args?: readonly string[];
  /** Before the ship begins. */
  readonly before?: (router: FleetRouter) => Promise<void>;
  /** Lets ship run into the fault. Resolves when ship has ended. */
  readonly run: (scene: Scene) => Promise<Ended>;
  /** Removes the fault before the next ship, if nothing else would. */
  readonly fix?: (router: FleetRouter) => Promise<void>;
  /** The fault itself takes the router's sessions down: pods may be cut off until they are back. */
  readonly cutsSessions?: true;
  /** How ship must end: with an exit code, or killed. */
  readonly ends: number | 'killed';
  /** Ship's message differs from run to run: the page omits it. */
  readonly isVague?: true;
  /**
   * Whether ship still hears how the router ended is a race with BIRD's time limit, and both results are right: `undone` and `lost`. The page
   * states what holds in either case, once the time is over.
   */
  readonly isRace?: true;
  /** BIRD waits for a confirmation that never comes: it may have reverted by itself before anybody looks. */
  readonly waits?: true;
  /** What the router must have once nothing is pending. */
  readonly has: 'old' | 'new';
}

/** The setting of a story. */
export interface Scene {
  readonly router: FleetRouter;
  /** Seconds after which BIRD reverts, where ship waits for that. */
  readonly limit: number;
  /** Its own folder. */
  readonly folder: string;
  /** Starts the ship, for this router only. */
  ship(how?: How): Runs;
  /** Starts another one for it, which the page does not mention. */
  other(how?: How): Runs;
}

/** The result of a story, for the page. Nothing in it differs from run to run. */
export interface Row {
  readonly fault: string;
  readonly ship: string;
  readonly router: string;
  readonly pods: string;
  readonly next: string;
}

/** Stories that run at the same time, each on a different router. */
export interface Chapter {
  readonly stories: readonly Story[];
  /** Whether the next ship comes only after BIRD has reverted the unconfirmed change by itself. */
  readonly patient: boolean;
  /** What the next ship needs. */
  readonly next?: readonly string[];
}

/**
 * Seconds: the time limit where ship itself waits for it. Ship must get as far as the story wants before, so it is twice what a whole
 * delivery, to all routers, takes on this machine. Nobody waits for any other limit.
 */
const limitOf = (fleet: Fleet): number => Math.max(20, Math.ceil(2 * fleet.slowest()));

/**
 * Runs a chapter: all routers have generation `old` and get the next one. What must hold after every fault is checked
 * here: files and running configuration agree, traffic flows, and the next ship delivers to all routers without losing a packet.
 */
export async function tell(fleet: Fleet, chapter: Chapter, old: number): Promise<Row[]> {
  const { stories, patient } = chapter;
  const wanted = old + 1;
  // What most stories deliver: a clone has it already, and need not render it again.
  fleet.desk.main.commit(wanted);
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
    await Promise.all(ROUTERS.map((name) => fleet.routers[name].expire()));
    await waited('BIRD reverts by itself', async () => !(await isWaiting(fleet)));
  }
  const seen = await fleet.seen();
  for (const name of ROUTERS) {
    if (!seen[name].pending) {
      const has = stories.find(({ router }) => router === name)?.has === 'new' ? wanted : old;
      expectSound(`${name} after ${stories.map(({ fault }) => fault).join(' / ')}`, seen[name], has);
    }
  }
  await Promise.all(told.map(({ story }) => story.fix?.(fleet.routers[story.router])));
  await waited('traffic flows', async () => (await unreached(fleet.lab)).length === 0);
  const flows = await traffic.end();
  if (!stories.some(({ cutsSessions }) => cutsSessions)) {
    expectTraffic(`after ${stories.map(({ fault }) => fault).join(' / ')}`, flows);
  }

  const calm = await startTraffic(fleet.lab, `next-${old}`);
  const journal = fleet.desk.folder(`journal-${old}`);
  const args = ['ship', '--timeout', String(NO_HURRY), '--journal', journal, ...(chapter.next ?? [])];
  const next = await fleet.ran(args);
  if (next.code !== 0) throw new Error(`the next ship ended with ${next.code}:\n${next.said}`);
  for (const [name, seen] of Object.entries(await fleet.seen())) {
    expectSound(`${name} after the next ship`, seen, wanted);
    if (seen.state !== 'shipped' || seen.left.length > 0) throw new Error(`${name}: ${JSON.stringify(seen)}`);
  }
  expectTraffic('during the next ship', await calm.end());
  return told.map(({ story, ended, journal: own }) => ({
    fault: story.fault,
    ship: shipText(story, ended, own),
    router: routerText(story, { left: left[story.router], seen: seen[story.router] }, old, wanted),
    pods: story.cutsSessions ? 'go on once its sessions are back' : 'go on',
    next: nextText(story, journalIn(journal)),
  }));
}

async function played(fleet: Fleet, story: Story, wanted: number, name: string) {
  const router = fleet.routers[story.router];
  const repository: Repository = fleet.desk.clone(`repository-${name}`);
  const tool = story.tool?.(fleet);
  if (story.change !== undefined || tool !== undefined) repository.commit(wanted, story.change, tool);
  await story.before?.(router);
  const limit = limitOf(fleet);
  const timeout = String(story.isRace ? limit : NO_HURRY);
  const start = (more: readonly string[], how: How = {}) =>
    fleet.noencap(['ship', story.router, '--timeout', timeout, ...(story.args ?? []), ...more], {
      cwd: repository.folder,
      ...(tool === undefined ? {} : { tool }),
      ...how,
    });
  const journal = fleet.desk.folder(`journal-${name}`);
  const scene: Scene = {
    router,
    limit,
    folder: fleet.desk.folder(`scene-${name}`),
    ship: (how) => start(['--journal', journal], how),
    other: (how) => start([], how),
  };
  const ended = await story.run(scene);
  return { story, ended, journal: ended.signal === null ? journalIn(journal) : [] };
}

const isWaiting = async (fleet: Fleet): Promise<boolean> =>
  (await Promise.all(ROUTERS.map((name) => fleet.routers[name].waits()))).includes(true);

/** Files and running configuration agree: BIRD runs what it would read at a restart, and nothing is pending. */
function expectSound(
  what: string,
  { runs, files, atRestart, pending }: RouterSeen,
  generation: number,
): void {
  const is = JSON.stringify({ runs, files, atRestart, pending });
  const must = JSON.stringify({ runs: [generation], files: [generation], atRestart: 'ok', pending: false });
  if (is !== must) throw new Error(`${what}: ${is}, and must be ${must}`);
}

/** Milliseconds. On a busy machine a single answer may be lost; a whole second without answers is an outage. */
const CUT = 1000;

function expectTraffic(when: string, flows: readonly Flow[]): void {
  const cut = flows.filter(({ gap }) => gap >= CUT);
  if (cut.length > 0) throw new Error(`pods were cut off ${when}: ${JSON.stringify(cut)}`);
}

/** How ship ended and what its journal says about the router, without what differs from run to run. */
function shipText(
  { fault, router, isVague, isRace }: Story,
  { signal, code }: Ended,
  journal: readonly JournalEvent[],
): string {
  if (signal === 'SIGKILL') return 'killed';
  const { outcome, fault: why } = resultOf(router, journal);
  if (isRace && outcome !== 'undone' && outcome !== 'lost')
    throw new Error(`${fault}: ${outcome}: ${why?.message}`);
  if (isRace) return `exit ${code}, undone or lost`;
  return `exit ${code}, ${outcome}${why === null || isVague ? '' : `: “${timeless(why.message)}”`}`;
}

function resultOf(router: RouterName, journal: readonly JournalEvent[]): Result {
  const end = journal.at(-1);
  const found = end?.event === 'ended' ? end.routers.find((one) => one.router === router) : undefined;
  if (found === undefined) throw new Error(`the journal does not end with ${router}: ${JSON.stringify(end)}`);
  return found;
}

const journalIn = (file: string): JournalEvent[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => journalLine.parse(JSON.parse(line)));

const timeless = (message: string): string =>
  (message.split(/\n|[.;] (?=\w)/)[0] ?? '')
    .replace(/\S+@\S+:\d+-[0-9a-f]{6}/g, 'NAME')
    .replace(/\b[0-9a-f]{16}\b/g, 'RELEASE')
    .replace(/\b\d+(?= (s|KiB|kB|are)\b)/g, 'N')
    .replace(/(\/[\w.-]+)*\/(repository-[\d-]+|main)\//g, '')
    .replace(/\.$/, '')
    .trim();

/** What is on the router right after the fault. */
function routerText(
  { isRace, waits }: Story,
  { left, seen: later }: { readonly left: RouterSeen; readonly seen: RouterSeen },
  old: number,
  wanted: number,
): string {
  const seen = isRace ? later : left;
  const isBack = !seen.pending && seen.runs.join() === `${old}` && seen.files.join() === `${old}`;
  if (waits && isBack) return WAITS;
  const [runs, files] = [seen.runs, seen.files].map((all) => {
    if (all.length !== 1) return 'a mixed';
    return all[0] === old ? 'the old' : all[0] === wanted ? 'the new' : 'another';
  });
  // On a router with outcome `lost` the staged files stay behind.
  const rest = !isRace && seen.left.includes('staged') ? '; staged files lie beside' : '';
  if (seen.pending && runs === 'the new' && files === 'the old') return WAITS;
  if (seen.pending) return `${runs} one runs until BIRD reverts by itself, ${files} one is on disk`;
  return runs === files
    ? `${runs} one runs and is on disk${rest}`
    : `${runs} one runs, ${files} one is on disk${rest}`;
}

const WAITS = 'the new one runs until BIRD reverts by itself, the old one is on disk';

/** What the next ship did with the router. */
function nextText({ router, isRace }: Story, journal: readonly JournalEvent[]): string {
  const settled = journal.flatMap((event) =>
    event.event === 'step' && event.router === router && event.step === 'settle' && event.outcome === 'done'
      ? event.details
      : [],
  );
  const { outcome } = resultOf(router, journal);
  const how = settled.map((detail) =>
    detail.endsWith('undone') ? 'undoes what was cut off' : 'ends what was cut off',
  );
  // A lost router is undone first; an undone one has nothing left to undo.
  return (isRace ? [outcome] : [...how, outcome]).join(', then ');
}
