import type { Cluster } from './cluster.ts';
import { fieldAt, isFields } from './cluster-objects.ts';
import { type Fact, fact, type Note, within } from './facts.ts';

/** BGPFilters used by peers of the topology; `routersWith` gives the routers whose peers use a filter. */
export function filterFacts(
  running: Cluster,
  routersWith: (filter: string) => readonly string[],
): { facts: Fact[]; notes: Note[] } {
  const facts: Fact[] = [];
  const notes: Note[] = [];
  for (const object of running.of('BGPFilter')) {
    const routers = routersWith(object.name);
    const what = `BGPFilter ${object.name}`;
    if (routers.length === 0) {
      notes.push({ what, message: 'no BGPPeer of a region uses it', at: within(object, 'metadata', 'name') });
      continue;
    }
    const lists = (['import', 'export'] as const).map((direction) => {
      const [v4, v6] = ['V4', 'V6'].map((family) => {
        const rules = fieldAt(object.value, ['spec', `${direction}${family}`]);
        return (Array.isArray(rules) ? rules : []).map(ruleOf);
      });
      return [direction, merged(v4 ?? [], v6 ?? [])] as const;
    });
    if (lists.some(([, rules]) => rules.some((rule) => rule === undefined))) {
      notes.push({
        what,
        message: 'one of its rules has a condition that a topology cannot express',
        at: within(object, 'spec'),
      });
      continue;
    }
    const value = { routers, ...Object.fromEntries(lists.filter(([, rules]) => rules.length > 0)) };
    facts.push(fact(['calico', 'filters', object.name], value, what, within(object, 'spec')));
  }
  return { facts, notes };
}

type Rule = Readonly<Record<string, unknown>>;

const HELD = new Set(['action', 'cidr', 'matchOperator', 'prefixLength', 'source']);

/** A rule in topology form; undefined if a topology cannot express it. */
function ruleOf(rule: unknown): Rule | undefined {
  if (!isFields(rule) || Object.keys(rule).some((key) => !HELD.has(key))) return undefined;
  const { action, cidr, matchOperator, prefixLength, source } = rule;
  return {
    action,
    ...(cidr === undefined ? {} : { match: { cidr, operator: matchOperator } }),
    ...(prefixLength === undefined ? {} : { prefixLength }),
    ...(source === undefined ? {} : { source }),
  };
}

/**
 * Merges both families' lists. A rule without a range applies to both, and keeps its position in each list; one that
 * is in one list only gets all addresses of that family as its range, or it would also apply to the other.
 */
function merged(v4: readonly (Rule | undefined)[], v6: readonly (Rule | undefined)[]): (Rule | undefined)[] {
  if (v4.length === 0 || v6.length === 0) return [...v4, ...v6];
  const left = [...v6];
  const both = v4.flatMap((rule): (Rule | undefined)[] => {
    const isShared = rule !== undefined && rule.match === undefined;
    const at = isShared ? left.findIndex((other) => JSON.stringify(other) === JSON.stringify(rule)) : -1;
    if (isShared && at >= 0) return [...left.splice(0, at), ...left.splice(0, 1)];
    return [isShared ? { ...rule, match: { cidr: '0.0.0.0/0', operator: 'In' } } : rule];
  });
  const rest = left.map((rule) =>
    rule !== undefined && rule.match === undefined
      ? { ...rule, match: { cidr: '::/0', operator: 'In' } }
      : rule,
  );
  return [...both, ...rest];
}
