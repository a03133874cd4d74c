import type { Library, Policy } from '../bird/filter/library.ts';
import { type Marks, marked } from '../bird/filter/marks.ts';
import { type Mentions, mentionsOf } from '../bird/filter/mentions.ts';
import { type FilterOutcome, runFilter } from '../bird/filter/run.ts';
import type { Family } from '../topology/address.ts';
import type { Detail } from './compared.ts';
import { FILTERS } from './explanations.ts';
import { OF_ANOTHER_AS, type RouteClass, routeClasses, type Surroundings } from './route-classes.ts';

/** One direction of a channel, today or as rendered. */
export interface FilterSide {
  readonly policy: Policy;
  readonly library: Library;
  readonly marks: Marks;
  /** `next hop self`: whatever the filter sets, the router sends its own address. */
  readonly isNextHopSelf: boolean;
}

/** Cache of comparisons: the sessions of a template share one filter, and thousands of nodes one template. */
export type ComparedFilters = Map<
  Policy,
  { readonly key: string; readonly after: Policy; readonly details: Detail[] }[]
>;

/** Attributes that differ from session to session. */
const OF_THE_PEER = ['proto', 'from', 'gw', 'ifname', 'bgp_next_hop'];

export interface FilterChange {
  /** `ipv4/export filter`. */
  readonly field: string;
  readonly family: Family;
  readonly direction: 'import' | 'export';
  readonly before: FilterSide;
  readonly after: FilterSide;
  /** The other end: sessions that can receive the same routes have the same text. */
  readonly from: string;
  /** The node at the other end of an export filter. */
  readonly receiver: string | undefined;
  /** Whether such a route can reach this filter at all; routes of the same name count too, whatever their origin. */
  readonly meets: (one: RouteClass, alike: readonly RouteClass[]) => boolean;
  /** Prefixes of routes that the router's own files originate. */
  readonly staticRoutes: ReadonlySet<string>;
}

/**
 * Compares what today's filter does with routes against its replacement. The difference is explained only if every relevant
 * route has the same result; a result that cannot be determined is unknown.
 */
export function compareFilters(change: FilterChange, around: Surroundings, made: ComparedFilters): Detail[] {
  const { before, after } = change;
  const mentions = joined([before, after].map(({ policy, library }) => mentionsOf(policy, library)));
  if (OF_THE_PEER.some((name) => mentions.names.has(name))) return detailsOf(change, mentions, around);
  const key = JSON.stringify([change.field, change.from, before.isNextHopSelf, after.isNextHopSelf]);
  const compared = made.get(before.policy) ?? [];
  const found = compared.find((one) => one.after === after.policy && one.key === key);
  if (found !== undefined) return found.details;
  const details = detailsOf({ ...change, receiver: undefined }, mentions, around);
  made.set(before.policy, [...compared, { key, after: after.policy, details }]);
  return details;
}

function detailsOf(change: FilterChange, mentions: Mentions, around: Surroundings): Detail[] {
  const { field, family, before, after } = change;
  // No node is sent its own block.
  const isSent = ({ node }: RouteClass) => change.receiver === undefined || node !== change.receiver;
  const all = new Map<string, RouteClass[]>();
  for (const one of routeClasses(around, family, mentions)) {
    const alike = all.get(one.name);
    if (alike === undefined) all.set(one.name, [one]);
    else alike.push(one);
  }
  const found = [...all.values()]
    .flatMap((alike) => alike.filter((one) => isSent(one) && change.meets(one, alike)))
    .map((one) => ({
      one,
      was: resultOf(one, change.direction, before),
      is: resultOf(one, change.direction, after),
    }));
  const differing = found.filter(({ was, is }) => was.text !== is.text || was.kind === 'unknown');
  if (differing.length === 0) {
    const passes = found.some(
      ({ one, was }) => one.kind === 'block' && (was.kind === 'accepted' || was.kind === 'changed'),
    );
    return [{ field, before: undefined, after: undefined, because: passes ? FILTERS.blocks : FILTERS.same }];
  }
  const groups = new Map<string, typeof differing>();
  for (const each of differing) {
    const key = JSON.stringify([each.was.text, each.is.text, because(each, change)?.id]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((group): Detail => {
    const [first] = group as [(typeof differing)[number]];
    return {
      field: `${field}: ${named(
        group.map(({ one }) => one),
        found.map(({ one }) => one),
      )}`,
      before: first.was.text,
      after: first.is.text,
      because: because(first, change),
    };
  });
}

/** What a filter does to a route; `text` is equal if the result is equal. */
interface Result {
  /** `changed`: accepted, with other attributes than it had. */
  readonly kind: 'accepted' | 'changed' | 'rejected' | 'unknown';
  readonly text: string;
}

function resultOf({ route }: RouteClass, direction: 'import' | 'export', side: FilterSide): Result {
  const met = direction === 'export' ? marked(route, side.marks) : route;
  const outcome = runFilter(side.policy, side.library, met);
  if (outcome.verdict === 'unknown') return unknown(outcome.why);
  if (outcome.verdict === 'rejected') return { kind: 'rejected', text: 'rejected' };
  const sets = setsOf(outcome, direction === 'export' && side.isNextHopSelf);
  const open = sets.find(([, value]) => value === 'unknown');
  if (open !== undefined) return unknown(open[0]);
  return sets.length === 0
    ? { kind: 'accepted', text: 'accepted' }
    : { kind: 'changed', text: `accepted with ${sets.map((pair) => pair.join(' ')).join(', ')}` };
}

const unknown = (why: string): Result => ({ kind: 'unknown', text: `unknown (${why})` });

const setsOf = (outcome: Extract<FilterOutcome, { verdict: 'accepted' }>, isNextHopSelf: boolean) =>
  [...outcome.sets]
    .filter(([name]) => !isNextHopSelf || name !== 'bgp_next_hop')
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** Differences that are known to be harmless. */
function because(
  { one, was, is }: { readonly one: RouteClass; readonly was: Result; readonly is: Result },
  { staticRoutes }: FilterChange,
) {
  if (was.kind === 'accepted' && is.kind === 'rejected') {
    return one.kind === 'aggregate' && one.origin === OF_ANOTHER_AS ? FILTERS.foreign : undefined;
  }
  if (was.kind !== 'rejected' || is.kind !== 'accepted') return undefined;
  if (one.kind === 'borrowed') return FILTERS.borrowed;
  return one.kind === 'aggregate' && !staticRoutes.has(one.route.net.text) ? FILTERS.aggregate : undefined;
}

/** Classes in words: a whole sort if all of it is meant, otherwise by name; and by origin if those of one name differ. */
function named(group: readonly RouteClass[], all: readonly RouteClass[]): string {
  const texts = new Set<string>();
  for (const { whole, name } of group) {
    const isSort = (one: RouteClass) => one.whole === whole;
    const [here, everywhere] = [group, all].map((of) => new Set(of.filter(isSort).map((one) => one.name)));
    const isWhole = here?.size === everywhere?.size;
    const isMeant = isWhole ? isSort : (one: RouteClass) => one.name === name;
    const [own, origins] = [group, all].map((of) => [
      ...new Set(of.filter(isMeant).map(({ origin }) => origin)),
    ]);
    texts.add(`${isWhole ? whole : name}${originsText(own ?? [], origins ?? [])}`);
  }
  const found = [...texts];
  return found.length <= MOST_NAMES
    ? found.join('; ')
    : `${found.slice(0, MOST_NAMES).join('; ')} and ${found.length - MOST_NAMES} more`;
}

function originsText(here: readonly string[], everywhere: readonly string[]): string {
  const left = everywhere.filter((one) => !here.includes(one));
  if (left.length === 0) return '';
  return left.length < here.length ? ` (except ${left.join(', ')})` : ` (${here.join(', ')})`;
}

const MOST_NAMES = 6;

const joined = (all: readonly Mentions[]): Mentions => ({
  prefixes: [...new Map(all.flatMap((one) => one.prefixes).map((one) => [one.text, one])).values()],
  addresses: all.flatMap((one) => one.addresses),
  numbers: [...new Set(all.flatMap((one) => one.numbers))],
  names: new Set(all.flatMap((one) => [...one.names])),
});
