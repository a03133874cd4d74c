import type { Fabric } from '../fabric/index.ts';
import { notUnderstood } from './answer.ts';
import { type Changed, change, gateFault, judgeUntilCalm } from './change-router.ts';
import type { Delivery } from './delivery.ts';
import type { RouterFault } from './fault.ts';
import { type CALM, HAD_CALM, type Judge, judge } from './gate/gate.ts';
import type { Result, Unstamped } from './journal.ts';
import { limited } from './limited.ts';
import { isRotated } from './password.ts';
import { discardAll, type Ready } from './prepare-router.ts';
import { joining, rollout } from './rollout.ts';

/** What the changes to all routers of a delivery have in common. */
export interface Fleet {
  readonly fabric: Fabric;
  /** Undefined if unknown. */
  readonly base: Base | undefined;
  /** Routers that already have the change. */
  readonly unchanged: readonly string[];
  /** What the operator accepts the risk for: ids of sessions, names of protocols. */
  readonly excused: ReadonlySet<string>;
  readonly maxParallel: number;
  readonly record: (event: Unstamped) => void;
  readonly stop: AbortSignal;
}

/** What was delivered before. */
export interface Base {
  /** A git revision. */
  readonly name: string;
  readonly fabric: Fabric;
}

/** Reports what became of a router; called again if more is known later. */
type Tell = (router: string, outcome: Result['outcome'], fault: RouterFault | null) => void;

/** A router while it is being changed, and those being changed at the same time. */
interface Changing {
  readonly delivery: Delivery;
  readonly ready: Ready;
  readonly beside: Set<string>;
}

/**
 * Changes what runs on routers that are ready, in the order of the waves. After the first failure it starts no other router: what was
 * prepared there is discarded.
 */
export async function changeAll(
  fleet: Fleet,
  readies: ReadonlyMap<Delivery, Ready>,
  tell: Tell,
): Promise<void> {
  const { fabric, base, maxParallel, record, stop } = fleet;
  const left = new Map(readies);
  const byName = new Map([...readies.keys()].map((delivery) => [delivery.router, delivery]));
  const { waves } = rollout(fabric, [...byName.keys()], maxParallel);
  const names = waves.map((wave) => wave.map(({ router }) => router));
  record({ event: 'planned', network: fabric.name, base: base?.name ?? null, waves: names });
  const judges = judgesOf(fleet, readies);
  const joins = joining(fabric, maxParallel);
  const atWork = new Map<string, Changing>();
  const looks = lastLooks(maxParallel, (one) =>
    lastLook(one, judges.of(one.delivery.router, HAD_CALM), tell),
  );
  let hasFailed = false;
  const isOver = () => hasFailed || stop.aborted;
  const begin = async (router: string) => {
    const delivery = prepared(byName, router);
    const ready = prepared(left, delivery);
    left.delete(delivery);
    const changing: Changing = { delivery, ready, beside: new Set([router, ...atWork.keys()]) };
    for (const other of atWork.values()) other.beside.add(router);
    atWork.set(router, changing);
    const changed = await change(delivery, ready, judges.of(router)).catch((error: unknown): Changed => {
      const { code, message, fix } = notUnderstood(error);
      const fault = { code, message: `${message}. BIRD reverts what is not confirmed by itself`, fix };
      return { outcome: 'lost', fault };
    });
    atWork.delete(router);
    tell(router, changed.outcome, 'fault' in changed ? changed.fault : null);
    if (changed.outcome !== 'shipped') {
      hasFailed = true;
      return;
    }
    judges.delivered(router);
    // Routers changed at the same time cannot expect anything of it; those that begin later can.
    if (changed.warnings.some(({ about }) => isAmong(fabric, about, changing.beside))) looks.want(changing);
    if (!isOver()) looks.begin((one) => atWork.has(one));
  };
  const running = new Set<Promise<void>>();
  // The last routers of a wave are judged while the first of the next wave begin: no free slot stays idle.
  for (const [index, router] of names.flat().entries()) {
    const isFree = () => (index <= 1 ? atWork.size === 0 : joins([...atWork.keys()], router));
    while (!isOver() && !isFree()) await Promise.race(running);
    if (isOver()) break;
    const work: Promise<void> = begin(router).finally(() => running.delete(work));
    running.add(work);
  }
  await Promise.all(running);
  await looks.ended();
  await discardAll(left);
}

/** Judges that know at any time which routers have the change. */
function judgesOf(
  { fabric, base, unchanged, excused }: Fleet,
  readies: ReadonlyMap<Delivery, Ready>,
): { of(router: string, calm?: typeof CALM): Judge; delivered(router: string): void } {
  const undelivered = new Set(fabric.routers.map(({ name }) => name));
  for (const router of unchanged) undelivered.delete(router);
  const rotated = new Set(
    [...readies]
      .filter(([, { before, release }]) => isRotated(before, release))
      .map(([{ router }]) => router),
  );
  const questionOf = (router: string) => ({
    router,
    fabric,
    before: base?.fabric,
    undelivered: new Set(undelivered),
    excused,
    isRotated: rotated.has(router),
  });
  return {
    of: (router, calm) => judge(questionOf(router), calm),
    delivered: (router) => void undelivered.delete(router),
  };
}

/** Checks routers once more when none of those changed beside them is at work any more: they have all that they can expect. */
function lastLooks(maxParallel: number, look: (one: Changing) => Promise<void>) {
  const wanted = new Set<Changing>();
  const begun: Promise<void>[] = [];
  const inTurn = limited(maxParallel);
  return {
    want: (one: Changing) => void wanted.add(one),
    begin: (isAtWork: (router: string) => boolean) => {
      for (const one of wanted) {
        if ([...one.beside].some(isAtWork)) continue;
        wanted.delete(one);
        begun.push(inTurn(() => look(one)));
      }
    },
    ended: () => Promise.all(begun),
  };
}

/** What was excused because the other end lacked the change is no longer excused: all have it. The change is confirmed, so this only reports. */
async function lastLook({ delivery, ready }: Changing, judging: Judge, tell: Tell): Promise<void> {
  const { router, timeout, report } = delivery;
  report('verify', 'started');
  const end = await judgeUntilCalm(delivery, ready.before, judging, performance.now() + timeout * 1000).catch(
    (error: unknown) => ({ wrong: [notUnderstood(error).message] }),
  );
  if ('wrong' in end) {
    report('verify', 'failed', end.wrong);
    tell(router, 'shipped', gateFault(end.wrong));
  } else {
    report(
      'verify',
      'done',
      end.warnings.map(({ message }) => message),
    );
  }
}

const isAmong = ({ sessions }: Fabric, id: string, routers: ReadonlySet<string>): boolean =>
  sessions.some((one) => one.id === id && one.ends.every(({ speaker }) => routers.has(speaker)));

function prepared<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`${key} is not prepared`);
  return value;
}
