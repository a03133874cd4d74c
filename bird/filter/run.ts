import type { Prefix } from '../../topology/address.ts';
import { placeText, type Token } from '../parser.ts';
import type { Command, Expression } from './ast.ts';
import { isAttribute } from './attributes.ts';
import { evaluator } from './evaluate.ts';
import { type Library, type Policy, routineOf } from './library.ts';
import type { Routine } from './parser.ts';
import { FilterError, int, unknown, type Value, VOID, valueText } from './values.ts';

/** A route as a filter sees it. It lacks attributes that are not listed; uncertain ones have an unknown value. */
export interface FilteredRoute {
  readonly net: Prefix;
  readonly attributes: ReadonlyMap<string, Value>;
  /** Names of further attributes that it may have. */
  readonly mayHave?: RegExp | undefined;
}

/** The result of a filter for a route. `sets`: attributes that it changes, as text. */
export type FilterOutcome =
  | { readonly verdict: 'accepted'; readonly sets: ReadonlyMap<string, string> }
  | { readonly verdict: 'rejected' }
  | { readonly verdict: 'unknown'; readonly why: string };

/** Limit of paths through a filter: nobody reads more. */
const MOST_WAYS = 256;

/**
 * Runs a route through a filter as BIRD 2 does (its manual, "Filters"; each rule tested with 2.0.12). If a condition depends
 * on an unknown value, both branches are taken: if they give the same result, that is the result.
 */
export function runFilter(policy: Policy, library: Library, route: FilteredRoute): FilterOutcome {
  if (policy.kind === 'all') return { verdict: 'accepted', sets: new Map() };
  if (policy.kind === 'none') return { verdict: 'rejected' };
  if (policy.kind === 'unknown') return { verdict: 'unknown', why: policy.why };
  const left: boolean[][] = [[]];
  let first: FilterOutcome | undefined;
  let doubt = '';
  for (let ways = 0; left.length > 0; ways += 1) {
    const decided = left.pop() as boolean[];
    const taken: boolean[] = [];
    const outcome = oneWay(policy.commands, library, route, (why) => {
      if (taken.length >= decided.length) {
        left.push([...taken, false]);
        doubt ||= why;
      }
      const decision = decided[taken.length] ?? true;
      taken.push(decision);
      return decision;
    });
    if (outcome.verdict === 'unknown') return outcome;
    if (first !== undefined && outcomeText(first) !== outcomeText(outcome))
      return { verdict: 'unknown', why: doubt };
    if (ways > MOST_WAYS) return { verdict: 'unknown', why: doubt };
    first = outcome;
  }
  return first ?? { verdict: 'rejected' };
}

/** An outcome as text: equal text means equal outcomes. */
export const outcomeText = (outcome: FilterOutcome): string =>
  outcome.verdict === 'accepted'
    ? JSON.stringify(['accepted', [...outcome.sets].sort()])
    : outcome.verdict === 'rejected'
      ? 'rejected'
      : `unknown ${outcome.why}`;

/** Ways in which a filter ends before its last command. */
class Verdict {
  readonly accepts: boolean;
  constructor(accepts: boolean) {
    this.accepts = accepts;
  }
}
class Returned {
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}
class Undecided {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

const DEEPEST = 32;

function oneWay(
  commands: readonly Command[],
  library: Library,
  route: FilteredRoute,
  decide: (why: string) => boolean,
): FilterOutcome {
  const set = new Map<string, Value>();
  const state = {
    attribute: (name: string) =>
      set.get(name) ??
      route.attributes.get(name) ??
      (route.mayHave?.test(name) ? unknown(name, false) : undefined),
    net: route.net,
  };
  const undecided = (at: Token | undefined): Undecided =>
    new Undecided(at === undefined ? 'not a number' : placeText(at));

  let variables = new Map<string, Value>();
  let depth = 0;
  const { evaluate, isTrue, isIn } = evaluator({
    state,
    library,
    variable: (name) => variables.get(name),
    call: (name, values, at) => {
      const called = routineOf(library, name);
      if (called === undefined || depth > DEEPEST) throw undecided(at);
      const outer = variables;
      depth += 1;
      const value = run(called, values);
      variables = outer;
      depth -= 1;
      return value;
    },
    undecided,
    decide,
  });

  const assign = (name: string, value: Value, at: Token): void => {
    if (variables.has(name)) variables.set(name, value);
    else if (isAttribute(name, library)) set.set(name, value);
    else throw undecided(at);
  };

  const doAll = (list: readonly Command[]): void => {
    for (const one of list) doOne(one);
  };

  const doOne = (one: Command): void => {
    switch (one.kind) {
      case 'verdict':
        throw new Verdict(one.accepts);
      case 'return':
        throw new Returned(one.value === undefined ? VOID : evaluate(one.value));
      case 'if':
        doAll(isTrue(one.condition) ? one.commands : one.otherwise);
        return;
      case 'case': {
        const subject = evaluate(one.subject);
        const arm = one.arms.find(({ labels }) => labels === undefined || isIn(subject, labels));
        doAll(arm?.commands ?? []);
        return;
      }
      case 'for':
        for (const value of elementsOf(evaluate(one.of), one.at)) {
          variables.set(one.name, value);
          doAll(one.commands);
        }
        return;
      case 'assign':
        assign(one.name, evaluate(one.value), one.at);
        return;
      case 'declare':
        // Inside a block BIRD 2.0.12 raises a run-time error for this, which later versions may not.
        if (one.value === undefined && decide(placeText(one.at))) throw new FilterError(one.name);
        variables.set(one.name, one.value === undefined ? VOID : evaluate(one.value));
        return;
      case 'unset':
        set.set(one.name, VOID);
        return;
      case 'call':
        changed(one.what);
        return;
      case 'unknown':
        throw undecided(one.at);
    }
  };

  /** The elements a loop iterates over: the numbers of a path, the communities of a list. */
  const elementsOf = (value: Value, at: Token): Value[] => {
    if (value.type === 'path') return value.value.map(int);
    if (value.type === 'communities') return value.value.map((one) => ({ type: 'tuple', value: one }));
    throw undecided(at);
  };

  /** A call for its effect: a function, or a method that changes the attribute it is called on. */
  const changed = (what: Expression): void => {
    const value = evaluate(what);
    if (what.kind === 'method' && what.of.kind === 'name') assign(what.of.name, value, what.at);
  };

  const run = (routine: Routine, args: readonly Value[]): Value => {
    variables = new Map<string, Value>([
      ...routine.variables.map((name) => [name, VOID] as const),
      ...routine.parameters.map((name, index) => [name, args[index] ?? VOID] as const),
    ]);
    try {
      doAll(routine.commands);
      return VOID;
    } catch (thrown) {
      if (thrown instanceof Returned) return thrown.value;
      throw thrown;
    }
  };

  try {
    run({ parameters: [], variables: [], commands }, []);
    // "Filter did not return accept nor reject": BIRD logs it, and the route is rejected.
    return { verdict: 'rejected' };
  } catch (thrown) {
    if (thrown instanceof Verdict) return thrown.accepts ? accepted(set, route) : { verdict: 'rejected' };
    if (thrown instanceof FilterError) return { verdict: 'rejected' };
    if (thrown instanceof Undecided) return { verdict: 'unknown', why: thrown.why };
    throw thrown;
  }
}

function accepted(set: ReadonlyMap<string, Value>, route: FilteredRoute): FilterOutcome {
  const other = [...set].filter(
    ([name, value]) => valueText(value) !== valueText(route.attributes.get(name) ?? VOID),
  );
  return { verdict: 'accepted', sets: new Map(other.map(([name, value]) => [name, valueText(value)])) };
}
