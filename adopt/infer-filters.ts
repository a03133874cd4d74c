import type { Cluster } from './cluster.ts';
import { fieldAt, isFields } from './cluster-objects.ts';
import { type Fact, fact, type Note, within } from './facts.ts';

/** BGPFilters that stand on peers of the topology; `routersWith` names the routers on whose peers a filter stands. */
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
      notes.push({ what, says: 'no BGPPeer of a region uses it', at: within(object, 'metadata', 'name') });
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
        says: 'a rule of it has a condition that a topology does not',
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

/** A rule as a topology has it; undefined where it asks for more. */
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
 * Both families' lists as one. A rule without a range holds for both, and keeps its place among those of each; one that
 * stands in one list only is written with all of that family's addresses, or it would come to hold for the other too.
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
