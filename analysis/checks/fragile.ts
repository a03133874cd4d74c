import { familiesOf } from '../../topology/address.ts';
import { type Analysis, countChanges, countPairs, placeOf } from '../analysis.ts';
import { type Check, type Found, grouped, nodeText, someLines, someOf } from '../finding.ts';
import { smallest } from '../pod-mtu.ts';
import { type Failing, failings } from '../simulator/failure.ts';
import type { Machine } from '../simulator/model.ts';
import type { Consequence, PairChange } from '../simulator/what-if.ts';
import { fits } from './mtu.ts';

/** NE201, NE204 and NE304: what happens to pods when one thing fails, and to nodes when pods keep working. */
export const whenOneThingFails: Check = (analysis) => {
  const tried = failings(analysis.network)
    .filter(({ kind }) => kind !== 'session')
    .map((failing): Tried => ({ failing, ...analysis.consequence([failing]) }));
  return [
    ...singlePointsOfFailure(analysis, tried),
    ...lonelyDefaultRoutes(analysis, tried),
    ...smallerMtuLeft(analysis, tried),
  ];
};

interface Tried extends Consequence {
  readonly failing: Failing;
}

/** NE304: the remaining path carries less than pods send. Larger packets are dropped, with an ICMP error or silently. */
function smallerMtuLeft({ fabric, network }: Analysis, tried: readonly Tried[]): Found[] {
  const { mtu } = fabric.pods;
  if (mtu === undefined) return [];
  const tooSmall = tried.flatMap(({ failing, worse }) => {
    const narrow = worse.filter(({ before, after }) => before.mtu[0] >= mtu && after.mtu[0] < mtu);
    const least = smallest(narrow.map(({ after }) => after.mtu[0]));
    const [first] = narrow;
    if (first === undefined) return [];
    const to = network.machines[network.blocks[first.block]?.node ?? -1]?.name;
    return [{ name: failing.name, least, pair: `${network.machines[first.from]?.name} to ${to}` }];
  });
  if (tooSmall.length === 0) return [];
  const least = smallest(tooSmall.map((one) => one.least));
  return [
    {
      id: 'NE304',
      severity: 'warning',
      path: ['pods', 'mtu'],
      message: `pods send packets of ${mtu} bytes, and when ${someOf(
        tooSmall.map(({ name }) => name),
        3,
      )} fails, the remaining path carries ${least}`,
      evidence: someLines(
        tooSmall.map(({ name, pair, least: left }) => `without ${name}: ${pair}, path MTU ${left}`),
      ),
      fix: fits(fabric, least)
        ? `Set pods.mtu to ${least}, or raise the MTU of the backup path to that of the primary.`
        : 'Raise the MTU of the backup path to that of the primary: pods with IPv6 need at least 1280.',
    },
  ];
}

/** NE201: one failure that disconnects pairs of pods. */
function singlePointsOfFailure(analysis: Analysis, tried: readonly Tried[]): Found[] {
  const all = countPairs(analysis);
  return tried.flatMap(({ failing, broken }): Found[] => {
    if (broken.length === 0) return [];
    const lost = countChanges(analysis, broken);
    return [
      {
        id: 'NE201',
        severity: 'warning',
        path: pathOf(analysis, failing),
        message: `${failing.name} is a single point of failure: without it ${lost} of ${all} pairs of nodes lose packets`,
        evidence: someLines(changeTexts(analysis, broken)),
        fix:
          failing.kind === 'segment'
            ? 'Add a second segment between its machines, or accept it under checks.suppress with a reason.'
            : reflectsAlone(analysis, failing.name)
              ? 'Give its region a second reflector (routers: [a, b]) on other hardware, or accept it under checks.suppress with a reason.'
              : reflects(analysis, failing.name)
                ? 'Its nodes reach the other reflectors only through it: let them run the IGP (igp: true), or give each reflector a nodeAddress on their segment.'
                : 'Add a path around it, or accept it under checks.suppress with a reason.',
      },
    ];
  });
}

function pathOf(analysis: Analysis, { kind, name }: Failing): Found['path'] {
  if (kind === 'segment') return ['underlay', 'segments', name];
  const { machines, named } = analysis.network;
  const machine = machines[named.machines.get(name) ?? -1];
  return machine === undefined ? [] : placeOf(analysis, machine);
}

const reflectsAlone = ({ fabric }: Analysis, name: string): boolean =>
  fabric.regions.some(
    ({ routers }) =>
      routers.some((router) => router.name === name) &&
      routers.filter(({ planned }) => !planned).length === 1,
  );

const reflects = ({ fabric }: Analysis, name: string): boolean =>
  fabric.regions.some(({ routers }) => routers.some((router) => router.name === name));

/** A line for both directions of a pair. */
function changeTexts(analysis: Analysis, changes: readonly PairChange[]): string[] {
  const { blocks } = analysis.network;
  const pairs = grouped(changes, ({ from, block }) =>
    [nodeText(analysis, from), nodeText(analysis, blocks[block]?.node ?? -1)].sort().join(' and '),
  );
  return [...pairs].map(([who, all]) => {
    const what = all.some(({ after }) => !after.arrives) ? 'lost' : 'some flows are lost';
    return `${who}: ${all.some(({ after }) => after.loops) ? 'packets loop' : what}`;
  });
}

/**
 * NE204: pods have a second reflector, but the node itself has one default route. What depends on it (kubelet, the API server,
 * Typha) is not protected like the pods are.
 */
function lonelyDefaultRoutes(analysis: Analysis, tried: readonly Tried[]): Found[] {
  const without = new Map(tried.map(({ failing, broken }) => [failing.name, broken]));
  const { fabric } = analysis;
  const redundant = fabric.regions.filter(
    ({ routers }) => routers.filter(({ planned }) => !planned).length > 1,
  );
  return redundant.flatMap((region): Found[] => {
    const nodes = region.nodes.filter((node) => !node.igp && node.attachments.length > 0);
    return [...grouped(nodes, ({ defaultRouter }) => defaultRouter)].flatMap(
      ([router, dependents]): Found[] => {
        // If pods do not survive the router either, NE201 reports it.
        const broken = without.get(router) ?? [];
        const names = new Set(dependents.map(({ name }) => name));
        const isLost = broken.some(({ from }) => analysis.like(from).some((name) => names.has(name)));
        const isGateway = [...region.routers, ...fabric.hosts].some(({ name }) => name === router);
        if (isLost || !isGateway) return [];
        return [
          {
            id: 'NE204',
            severity: 'warning',
            path: ['regions', region.name],
            message: `the default route of ${dependents.length === 1 ? dependents[0]?.name : `${dependents.length} nodes of ${region.name}`} ends at ${router}: without it kubelet and the API server lose other segments, while pods keep working`,
            evidence: [`nodes: ${someOf(dependents.map(({ name }) => name))}`],
            fix: 'Let the nodes run the IGP (igp: true), give the routers a shared gateway address (VRRP) outside noencap, or accept it under checks.suppress with a reason.',
          },
        ];
      },
    );
  });
}

/** NE205: a backbone address on an interface goes down with that link, and with it all sessions of the router. */
export const interfaceAsBackbone: Check = (analysis) =>
  analysis.fabric.routers
    .filter(({ planned }) => !planned)
    .flatMap((router): Found[] => {
      const on = router.attachments.filter(({ address }) =>
        familiesOf(router.backboneAddress).some(
          (family) => address[family]?.value === router.backboneAddress[family]?.value,
        ),
      );
      const others = router.attachments.filter(
        (attachment) => !on.includes(attachment) && leadsToRouter(analysis, router.name, attachment.segment),
      );
      const [first] = on;
      if (first === undefined || others.length === 0) return [];
      return [
        {
          id: 'NE205',
          severity: 'warning',
          path: [...router.path, 'backboneAddress'],
          message: `the backbone address of ${router.name} belongs to its interface on ${first.segment}: if this link fails and the interface keeps its carrier, all its backbone sessions fail`,
          evidence: [
            `with a tunnel, or a switch in between, OSPF withdraws the address only when the carrier drops`,
            `a loopback would stay reachable over ${someOf(others.map(({ segment }) => segment))}`,
          ],
          fix: 'Use a loopback address: the IGP carries it over any remaining link.',
        },
      ];
    });

const leadsToRouter = ({ network }: Analysis, router: string, segment: string): boolean =>
  (network.segments.find(({ name }) => name === segment)?.members ?? []).some((member) => {
    const machine = network.machines[member] as Machine | undefined;
    return machine !== undefined && machine.name !== router && machine.igp.length > 0;
  });
