import { type Analysis, isWhole, type Trip, trip } from '../analysis/index.ts';
import type { Family } from '../topology/address.ts';
import { classPairs } from './class-pairs.ts';

/** What a change does to packets between pods of two nodes that exist before and after it. */
export interface TrafficChange {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  /** How many ordered pairs of nodes it represents. */
  readonly pairs: number;
  /**
   * The gravest of what is otherwise; `too narrow`: packets as large as the pods' MTU, that of pods that run or of new ones, fit no
   * more; `rerouted`: over other links that are as long and as wide.
   */
  readonly change:
    | 'lost'
    | 'partly lost'
    | 'too narrow'
    | 'restored'
    | 'longer'
    | 'narrower'
    | 'turning'
    | 'shorter'
    | 'wider'
    | 'rerouted';
  /** Hops of the longest way, and bytes of the smallest MTU; undefined for what is lost, or no underlay says. */
  readonly hops: readonly [before: number | undefined, after: number | undefined];
  readonly mtu: readonly [before: number | undefined, after: number | undefined];
}

/** All pairs of nodes whose packets are affected; one node represents each class of equivalent nodes. */
export function trafficChanges(before: Analysis, after: Analysis): TrafficChange[] {
  const families = after.fabric.pods.families.filter((family) =>
    before.fabric.pods.families.includes(family),
  );
  const fits = fitting(before, after);
  return classPairs([after, before]).flatMap(({ from, to, pairs }) =>
    families.flatMap((family): TrafficChange[] => {
      const [was, is] = [trip(before, from, to, family), trip(after, from, to, family)];
      const change = was === undefined || is === undefined ? undefined : outcome(was, is, fits);
      if (was === undefined || is === undefined || change === undefined) return [];
      return [
        { from, to, family, pairs, change, hops: [hopsOf(was), hopsOf(is)], mtu: [mtuOf(was), mtuOf(is)] },
      ];
    }),
  );
}

/** Whether what a pod may send fits, before and after. Pods that run keep the MTU that they were started with. */
interface Fits {
  readonly before: (trip: Trip) => boolean;
  readonly after: (trip: Trip) => boolean;
}

function fitting(before: Analysis, after: Analysis): Fits {
  const [was = 0, is = 0] = [before.fabric.pods.mtu, after.fabric.pods.mtu];
  const carries = (size: number) => (one: Trip) => one.fate.mtu[0] >= size;
  return { before: carries(was), after: carries(Math.max(was, is)) };
}

function outcome(was: Trip, is: Trip, fits: Fits): TrafficChange['change'] | undefined {
  if (isWhole(was.fate) !== isWhole(is.fate)) {
    return isWhole(is.fate) ? 'restored' : is.fate.arrives ? 'partly lost' : 'lost';
  }
  if (!isWhole(is.fate))
    return was.fate.arrives === is.fate.arrives ? undefined : is.fate.arrives ? 'partly lost' : 'lost';
  if (fits.before(was) && !fits.after(is)) return 'too narrow';
  const [hops, mtu] = [is.fate.hops[1] - was.fate.hops[1], is.fate.mtu[0] - was.fate.mtu[0]];
  if (mtu < 0) return 'narrower';
  if (hops > 0) return 'longer';
  if (is.fate.turns && !was.fate.turns) return 'turning';
  if (hops < 0) return 'shorter';
  if (mtu > 0) return 'wider';
  return was.links.join() === is.links.join() ? undefined : 'rerouted';
}

const ifMeasured = (trip: Trip, value: number): number | undefined =>
  trip.fate.arrives && Number.isFinite(value) ? value : undefined;
const hopsOf = (one: Trip): number | undefined => ifMeasured(one, one.fate.hops[1]);
const mtuOf = (one: Trip): number | undefined => ifMeasured(one, one.fate.mtu[0]);
