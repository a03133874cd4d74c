import { asCalicoHasIt, type Session, type SessionChange, type SessionEnd } from '../fabric/index.ts';
import type { Lab } from './lab.ts';
import type { Observation } from './observe.ts';
import { converged, type Settled } from './settle.ts';
import { letPass } from './waits.ts';

/** What a change did to a session. */
export interface Fate {
  readonly id: string;
  /** A reload leaves no trace in the start time of a session. */
  readonly change: Exclude<SessionChange, 'reloaded'>;
}

/** A lab and its observation. */
interface ObservedLab {
  readonly lab: Lab;
  readonly observation: Observation;
}

export function fates(before: ObservedLab, after: ObservedLab): Fate[] {
  const [old, now] = [before, after].map(
    ({ lab }) => new Map(lab.expected.sessions.map((one) => [one.id, one])),
  );
  const [startsBefore, startsAfter] = [startsIn(before), startsIn(after)];
  const ids = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].sort();
  return ids.map((id) => {
    const [was, is] = [old?.get(id), now?.get(id)];
    if (was === undefined || is === undefined) return { id, change: was === undefined ? 'new' : 'gone' };
    const [then, afterwards] = [startsBefore(was), startsAfter(is)];
    const [wasUp, isUp] = [then, afterwards].map((both) => both.every((one) => one !== undefined));
    if (wasUp !== isUp) return { id, change: isUp ? 'new' : 'gone' };
    return { id, change: !isUp || sameStarts(then, afterwards) ? 'kept' : 'reset' };
  });
}

/** Milliseconds without a new start, more than PRECISION: later starts are then distinguishable from earlier ones. */
const REST = 3000;

/** Two speakers that open a session to each other at the same time may need a second start, which the change did not cause. */
export async function rested(lab: Lab): Promise<Settled> {
  const tries = 20;
  let before = await converged(lab);
  for (let rounds = 0; rounds < tries; rounds++) {
    await letPass(lab, REST);
    const now = await converged(lab);
    const [then, since] = [startsIn({ lab, observation: before }), startsIn({ lab, observation: now })];
    const isQuiet = (session: Session) => sameStarts(then(session), since(session));
    if (now.unsettled !== undefined || lab.expected.sessions.every(isQuiet)) return now;
    before = now;
  }
  return {
    ...before,
    unsettled: `not settled after ${(tries * REST) / 1000} s: sessions keep restarting`,
  };
}

type Starts = (session: Session) => (string | undefined)[];

/** When a session came up, as written by the daemon at each end; undefined if it is not up. */
function startsIn({ lab: { fabric }, observation }: ObservedLab): Starts {
  // Calico's mesh uses the addresses that it detects; a router's peer is the address of the topology.
  const found = new Map(asCalicoHasIt(fabric).nodes.map(({ name, address }) => [name, address]));
  return ({ kind, transport, ends }) =>
    ends.map(({ speaker }, index) => {
      const other = ends[1 - index] as SessionEnd;
      const mesh = kind === 'mesh' ? found.get(other.speaker)?.[transport] : undefined;
      const { text } = mesh ?? other.address;
      const state = observation.sessions.get(speaker)?.find(({ neighbor }) => neighbor === text);
      return state?.state === 'Established' ? state.since : undefined;
    });
}

const sameStarts = (
  some: readonly (string | undefined)[],
  others: readonly (string | undefined)[],
): boolean => some.every((one, index) => sameMoment(one, others[index]));

/**
 * Milliseconds. A daemon computes a time as the time of day minus the age, read from two clocks at two moments: the last digit
 * varies when the machine is busy. That is about a millisecond in BIRD 2 (measured) and a second in BIRD 1.6.
 */
const PRECISION = 1200;

/** Whether two times written by a daemon, `08:23:31.447` or `08:23:31`, are the same; false if one is missing. */
export function sameMoment(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  const [first, second] = [one, other].map(milliseconds);
  if (first === undefined || second === undefined) return one === other;
  const apart = Math.abs(first - second);
  return Math.min(apart, DAY - apart) <= PRECISION;
}

const DAY = 86_400_000;

/** Of a time of day; undefined for the dates that BIRD writes for older events. */
function milliseconds(text: string): number | undefined {
  const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text) ?? [];
  return hours === undefined
    ? undefined
    : Math.round(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000);
}
