import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { adopt, compare, problemText, type RouterFolder } from '../../adopt/index.ts';
import { smallestPodMtu } from '../../analysis/index.ts';
import { buildFabric } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { networkFolder, routersIn } from './scenarios.ts';

/** Whatever kubectl or a router's folder may contain: it is adopted, or refused with a message, and nothing throws. */

const NETWORK = 'two-reflectors';
const cluster: { items: object[] } = parse(
  readFileSync(join(networkFolder(NETWORK), 'cluster.yaml'), 'utf8'),
);
const known = readFileSync(join(networkFolder(NETWORK), 'known.yaml'));
const encoder = new TextEncoder();

function run(
  items: unknown,
  routers: readonly RouterFolder[],
  format: 'json' | 'yaml',
): 'adopted' | 'refused' {
  const list = { apiVersion: 'v1', kind: 'List', items };
  const text = format === 'json' ? JSON.stringify(list) : stringify(list);
  const adopted = adopt({
    cluster: [{ file: 'cluster', bytes: encoder.encode(text) }],
    routers,
    known: { file: 'known.yaml', bytes: known },
    operatorManifest: undefined,
    repoURL: undefined,
  });
  if (!adopted.ok) {
    expect(adopted.problems.length).toBeGreaterThan(0);
    expect(adopted.problems.map(problemText).join('\n')).not.toMatch(/(?!\n)\p{Cc}/u);
    return 'refused';
  }
  const fabric = buildFabric(adopted.topology, smallestPodMtu);
  compare(adopted.today, adopted.notes, fabric, render(fabric, undefined).files);
  return 'adopted';
}

/** Every place in a value, as a path. */
function places(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, one]) => places(one).map((rest) => [key, ...rest]))];
}

function replaced(value: unknown, [first, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (first === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string | number, unknown>)[first] = replaced(
    (value as Record<string | number, unknown>)[first],
    rest,
    by,
  );
  return copy;
}

test('an object with any value in any place is adopted or refused', () => {
  const routers = routersIn(NETWORK);
  const all = places(cluster.items);
  const ends = { adopted: 0, refused: 0 };
  fc.assert(
    fc.property(
      fc.constantFrom(...all),
      fc.oneof(
        fc.jsonValue({ maxDepth: 2 }),
        fc.constantFrom('', 'x\u0000y', '__proto__', '{{ x }}', "a' || '", -1, 1e20, [], {}),
      ),
      fc.constantFrom('json' as const, 'yaml' as const),
      (place, value, format) => {
        ends[run(replaced(cluster.items, place, value), routers, format)] += 1;
      },
    ),
    { numRuns: Number(process.env.NOENCAP_RUNS ?? 60) },
  );
  // Otherwise one of the two paths was never tested.
  expect(Math.min(ends.adopted, ends.refused)).toBeGreaterThan(0);
});

test.each<unknown>([{ toString: '' }, { valueOf: null }, [[]], '64512', null])(
  'an AS number that is %j is adopted or refused',
  (asNumber) => {
    const configuration = cluster.items.findIndex((one) => 'kind' in one && one.kind === 'BGPConfiguration');
    expect(configuration).toBeGreaterThan(-1);
    const items = replaced(cluster.items, [configuration, 'spec', 'asNumber'], asNumber) as object[];
    run(items, routersIn(NETWORK), 'json');
  },
);

test("a router's file with any change is adopted or refused", () => {
  const [first, ...others] = routersIn(NETWORK);
  if (first === undefined) throw new Error('no router');
  const paths = [...first.files.keys()];
  fc.assert(
    fc.property(
      fc.constantFrom(...paths),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat({ max: 12 }),
      fc.oneof(
        fc.string({ maxLength: 8 }),
        fc.constantFrom('{', '}', ';', '"', "'", '/*', '[', ']', '#', 'from x', 'include "*";'),
      ),
      (path, where, removed, added) => {
        const text = Buffer.from(first.files.get(path) ?? []).toString();
        const at = Math.floor(where * text.length);
        const changed = text.slice(0, at) + added + text.slice(at + removed);
        const folder = {
          name: first.name,
          files: new Map([...first.files, [path, encoder.encode(changed)]]),
        };
        run(cluster.items, [folder, ...others], 'json');
      },
    ),
    { numRuns: Number(process.env.NOENCAP_RUNS ?? 60) },
  );
});
