import { type ClusterLook, verifyRouters, withBlocksOf } from '../../verify/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { facts, looked } from './facts.ts';
import { reportLook } from './looks.ts';

const fabric = fabricOf(redundant());
const NAMES = fabric.nodes.map(({ name }) => name);

/** A cluster whose nodes are those of the fabric, with these affinities: `node cidr state`. */
function look(affinities: readonly string[], nodes: readonly string[] = NAMES): ClusterLook {
  const whole = reportLook();
  const [one] = whole.nodes.ok ? whole.nodes.value : [];
  if (one === undefined) throw new Error('the look has no node');
  return {
    ...whole,
    nodes: { ok: true, value: nodes.map((name) => ({ ...one, name })) },
    affinities: {
      ok: true,
      value: affinities.map((text) => {
        const [node = '', cidr = '', state = 'confirmed'] = text.split(' ');
        return { name: text, node, cidr, state, isDeleted: state === 'deleted' };
      }),
    },
  };
}

const missing = (of = fabric): string[] =>
  verifyRouters(of, [looked('e1', facts())])
    .filter(({ kind }) => kind === 'route-missing')
    .map(({ about, expected }) => `${about.name} ${expected}`);

const [node = ''] = NAMES;

test('a block that a node has in the cluster must be on the routers, also if the topology does not name it', () => {
  expect(missing()).toEqual([]);
  expect(missing(withBlocksOf(fabric, look([`${node} 10.42.7.0/26`])))).toEqual([
    expect.stringMatching(/^10\.42\.7\.0\/26 through .* to /),
  ]);
});

test.each([
  ['pending, so that its node does not announce it yet', [`${node} 10.42.7.0/26 pending`], NAMES, []],
  ['given back', [`${node} 10.42.7.0/26 deleted`], NAMES, []],
  [
    'about to be given back, and announced until it is',
    [`${node} 10.42.7.0/26 pendingDeletion`],
    NAMES,
    ['10.42.7.0/26'],
  ],
  ['of a node that is gone', [`${node} 10.42.7.0/26`], NAMES.slice(1), []],
  ['outside of the pools', [`${node} 10.99.7.0/26`], NAMES, []],
  [
    'of another node since, by the confirmed claim',
    [`${node} 10.42.7.0/26 pendingDeletion`, `${NAMES[1]} 10.42.7.0/26`],
    NAMES,
    ['10.42.7.0/26'],
  ],
])('a block that is %s', (_what, affinities, nodes, expected) => {
  const found = missing(withBlocksOf(fabric, look(affinities, nodes)));
  expect(found.map((text) => text.split(' ')[0])).toEqual(expected);
});

test('what could not be read, or is another cluster, leaves the topology as it is', () => {
  const unread = { ok: false, why: { because: 'forbidden', what: 'x', evidence: [] } } as const;
  const whole = look([`${node} 10.42.7.0/26`]);
  for (const one of [
    undefined,
    { ...whole, nodes: unread },
    { ...whole, affinities: unread },
    look([`${node} 10.42.7.0/26`], ['elsewhere']),
  ])
    expect(withBlocksOf(fabric, one)).toBe(fabric);
});

test("no route is expected where the topology's own filter keeps the block from every router", () => {
  const rule = (action: string) => ({
    ...redundant(),
    calico: {
      ...(redundant().calico as object),
      filters: {
        all: {
          routers: Object.keys(redundant().routers as object),
          export: [{ action, match: { cidr: '10.42.0.0/16', operator: 'In' } }],
        },
      },
    },
  });
  const asked = look([`${node} 10.42.7.0/26`]);
  expect(missing(withBlocksOf(fabricOf(rule('Reject')), asked))).toEqual([]);
  expect(missing(withBlocksOf(fabricOf(rule('Accept')), asked))).toHaveLength(1);
});
