import { sampleLoans } from '../../../analysis/loans.ts';
import type { Loan } from '../../../analysis/simulator/blocks.ts';
import { networkOf } from '../../../analysis/simulator/network.ts';
import { policyOf as simulated } from '../../../analysis/simulator/policy.ts';
import { type Library, libraryOf, type Policy, policyOf } from '../../../bird/filter/library.ts';
import { type FilteredRoute, runFilter } from '../../../bird/filter/run.ts';
import { int, type Value, VOID, word } from '../../../bird/filter/values.ts';
import type { BirdStatement } from '../../../bird/parser.ts';
import { HIGHEST_LOCAL_PREF, NORMAL_PRIORITY } from '../../../calico/metric.ts';
import { carriesMetric, endsFor, type Fabric, nodeBlocks, podAddress } from '../../../fabric/index.ts';
import { addressBits, FAMILIES, type Family, type Prefix } from '../../../topology/address.ts';
import { fabricFor, type Written, written, writtenStatements } from './confd.ts';

/** The result of a filter that confd wrote for a route, if any. `preference`: BIRD's, of the protocol. */
type Fate = { readonly localPref: number; readonly preference?: number } | 'rejected';

/** BIRD's default if no filter sets one. */
const DEFAULT_LOCAL_PREF = 100;
const BGP_PREFERENCE = 100;
const NORMAL = HIGHEST_LOCAL_PREF - NORMAL_PRIORITY;

/** Not the interface of a tunnel or a workload, and attributes that only kernel or BGP routes have. */
const ABSENT = { ifname: VOID, krt_metric: VOID, bgp_local_pref: VOID, preference: int(BGP_PREFERENCE) };

function fateIn(policy: Policy, library: Library, net: Prefix, attributes: Record<string, Value>): Fate {
  const route: FilteredRoute = { net, attributes: new Map(Object.entries({ ...ABSENT, ...attributes })) };
  const outcome = runFilter(policy, library, route);
  if (outcome.verdict === 'unknown') throw new Error(outcome.why);
  if (outcome.verdict === 'rejected') return 'rejected';
  const given = attributes.bgp_local_pref;
  const before = given?.type === 'int' ? given.value : DEFAULT_LOCAL_PREF;
  const localPref = Number(outcome.sets.get('bgp_local_pref') ?? before);
  return given === undefined
    ? { localPref }
    : { localPref, preference: Number(outcome.sets.get('preference') ?? BGP_PREFERENCE) };
}

function filtersOf(statements: readonly BirdStatement[], library: Library, peer: string) {
  const protocol = statements.find(({ body }) =>
    body?.some(({ words }) => words[0]?.text === 'neighbor' && words[1]?.text === peer),
  );
  const one = (keyword: string): Policy => {
    const found = protocol?.body?.find(({ words }) => words[0]?.text === keyword);
    if (found === undefined) throw new Error(`no ${keyword} of ${peer}`);
    return policyOf(found, library);
  };
  return { imports: one('import'), exports: one('export') };
}

interface Compared {
  readonly message: string;
  readonly ours: Fate;
  readonly theirs: Fate;
}

/** A pod in each block on the block's own node, and some on nodes that borrowed the address. */
const singles = (fabric: Fabric): Loan[] => [
  ...[...nodeBlocks(fabric)].flatMap(([node, blocks]) =>
    blocks
      .filter(({ family, length }) => length < addressBits(family))
      .map((block) => ({ address: podAddress(block), node })),
  ),
  ...sampleLoans(fabric, nodeBlocks(fabric)),
];

/** For every block, single address and session of a node: what it announces and accepts, according to confd and to the simulator. */
function compared(one: Written, family: Family): Compared[] {
  const fabric = fabricFor(one);
  const network = networkOf(fabric, nodeBlocks(fabric), singles(fabric));
  const statements = writtenStatements(one, family);
  const library = libraryOf(statements);
  const index = network.machines.findIndex(({ name }) => name === one.node);
  const links = network.links.filter(
    ({ machine, session }) => machine === index && session.transport === family,
  );
  const metric = carriesMetric(fabric) ? NORMAL_PRIORITY : 0;
  return network.blocks
    .filter(({ prefix }) => prefix.family === family)
    .flatMap((block) => {
      const policy = simulated(network, block);
      return links.flatMap((link): Compared[] => {
        const peer = endsFor(link.session, one.node).remote.address.text;
        const { imports, exports } = filtersOf(statements, library, peer);
        if (block.node === index) {
          const sent = policy.send(link, policy.own);
          // For a single address, even a block of one, a node has the route of the pod.
          const own: Record<string, Value> =
            block.prefix.length === addressBits(family)
              ? { source: word('RTS_INHERIT'), krt_metric: int(metric) }
              : { source: word('RTS_STATIC') };
          return [
            {
              message: `sends ${block.prefix.text} to ${peer}`,
              ours: typeof sent === 'string' ? 'rejected' : { localPref: sent.localPref },
              theirs: fateIn(exports, library, block.prefix, own),
            },
          ];
        }
        return [DEFAULT_LOCAL_PREF, NORMAL, NORMAL + 1].map((localPref) => {
          const announced = { ...policy.own, localPref, originator: 1 };
          const taken = { localPref, preference: policy.preference(link, announced) };
          return {
            message: `takes ${block.prefix.text} with LOCAL_PREF ${localPref} from ${peer}`,
            ours: policy.take(link, announced) === undefined ? taken : 'rejected',
            theirs: fateIn(imports, library, block.prefix, {
              source: word('RTS_BGP'),
              bgp_local_pref: int(localPref),
            }),
          };
        });
      });
    });
}

const WHAT = "the simulator's nodes send and take what confd's filters let through";
const all = written();

if (all.length === 0) test.skip(WHAT, () => {});
else {
  describe(WHAT, () => {
    test.each(all.map((one) => [one.topology, one.version, one.node, one] as const))(
      '%s, Calico %s: %s',
      (_topology, _version, _node, one) => {
        const routes = FAMILIES.flatMap((family) => compared(one, family));
        expect(routes.length).toBeGreaterThan(0);
        expect(routes.map(({ message, ours }) => [message, ours])).toEqual(
          routes.map(({ message, theirs }) => [message, theirs]),
        );
      },
    );
  });
}
