import type { BirdStatement } from '../parser.ts';
import type { Command, Expression } from './ast.ts';
import { isAttribute } from './attributes.ts';
import { type Library, type Policy, policyOf } from './library.ts';
import type { FilteredRoute } from './run.ts';
import { unknown, type Value } from './values.ts';

/**
 * What a configuration sets on routes on import into its tables, by source: for example a community on import that a filter
 * tests on export. `any`: part of it is not understood.
 */
export interface Marks {
  readonly of: (source: string) => Written;
  /** Everything that any of its filters sets, on import or export. */
  readonly all: Written;
}

/** Names of attributes. */
export type Written = ReadonlySet<string> | 'any';

/** Sources of a protocol's routes; those of all others, such as pipes, may be any. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  bgp: ['RTS_BGP'],
  static: ['RTS_STATIC'],
  direct: ['RTS_DEVICE'],
  kernel: ['RTS_INHERIT'],
  ospf: ['RTS_OSPF', 'RTS_OSPF_IA', 'RTS_OSPF_EXT1', 'RTS_OSPF_EXT2'],
  rip: ['RTS_RIP'],
  babel: ['RTS_BABEL'],
};

/** The marks of all protocols and templates of a configuration. */
export function marksOf(statements: readonly BirdStatement[], library: Library): Marks {
  const writtenBy = (one: BirdStatement): Written => written(policyOf(one, library), library);
  const found = statements.flatMap(({ words: [keyword, type], body = [] }) => {
    if (!/^(protocol|template)$/.test(keyword?.text ?? '')) return [];
    const sources = SOURCES[type?.text ?? ''];
    const routes = body.flatMap(({ words: [first], body: own }) =>
      first?.text === 'route' && own !== undefined ? [writtenBy({ words: [], body: own })] : [],
    );
    const [imports, exports] = [/^import$/, /^export$/].map((which) =>
      policiesIn(body, which).map(writtenBy),
    );
    return [{ sources, imports: [...(imports ?? []), ...routes], exports: exports ?? [] }];
  });
  return {
    of: (source) =>
      joined(
        found.flatMap(({ sources, imports, exports }) =>
          // A pipe's export also goes into a table.
          sources === undefined ? [...imports, ...exports] : sources.includes(source) ? imports : [],
        ),
      ),
    all: joined(found.flatMap(({ imports, exports }) => [...imports, ...exports])),
  };
}

export const joined = (all: readonly Written[]): Written =>
  all.includes('any') ? 'any' : new Set(all.flatMap((one) => [...one]));

/** The route as it is then in the table. */
export function marked(route: FilteredRoute, { of }: Marks): FilteredRoute {
  const source = route.attributes.get('source');
  return rewritten(route, of(source?.type === 'enum' ? source.value : ''));
}

/** The route with the attributes that may have been set now unknown. */
export function rewritten(route: FilteredRoute, marks: Written): FilteredRoute {
  if (marks !== 'any' && marks.size === 0) return route;
  // No filter can change which protocol it came from.
  const names = marks === 'any' ? [...route.attributes.keys()].filter((one) => !FIXED.test(one)) : [...marks];
  return {
    net: route.net,
    attributes: new Map<string, Value>([
      ...route.attributes,
      ...names.map((one): [string, Value] => [one, unknown(one, false)]),
    ]),
    mayHave: marks === 'any' ? /./ : route.mayHave,
  };
}

const FIXED = /^(source|proto|from)$/;

/** `import` and `export` of a protocol, and of its channels. */
const policiesIn = (body: readonly BirdStatement[], which: RegExp): BirdStatement[] =>
  body.flatMap((one) => {
    const [first, second] = one.words;
    if (which.test(first?.text ?? '')) return /^(limit|keep|table)$/.test(second?.text ?? '') ? [] : [one];
    return /^(ipv[46]|vpn[46])$/.test(first?.text ?? '') ? policiesIn(one.body ?? [], which) : [];
  });

function written(policy: Policy, library: Library): Written {
  if (policy.kind === 'unknown') return 'any';
  if (policy.kind !== 'commands') return new Set();
  const names = new Set<string>();
  const seen = new Set<string>();
  let isUnderstood = true;

  const write = (name: string): void => {
    if (isAttribute(name, library)) names.add(name);
  };

  const walk = (part: unknown): void => {
    if (Array.isArray(part)) for (const one of part) walk(one);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return;
    const one = part as Command | Expression;
    if (one.kind === 'unknown') isUnderstood = false;
    if (one.kind === 'assign' || one.kind === 'unset') write(one.name);
    if (one.kind === 'call' && 'what' in one && one.what.kind === 'method' && one.what.of.kind === 'name') {
      write(one.what.of.name);
    }
    if (one.kind === 'call' && 'args' in one && !seen.has(one.name)) {
      seen.add(one.name);
      walk(library.routines.get(one.name)?.commands);
    }
    for (const [key, value] of Object.entries(one)) if (key !== 'at') walk(value);
  };

  walk(policy.commands);
  return isUnderstood ? names : 'any';
}
