import { type Fabric, type Peering, peeringSelector } from '../fabric/index.ts';
import { parseAddress } from '../topology/address.ts';
import type { ClusterLook, ComponentFacts, ConfigurationFacts, PeerFacts } from './cluster-look.ts';
import { typed } from './typed.ts';
import { unreadVerdict } from './unread.ts';
import { asPromised, different, type Subject, type Verdict } from './verdict.ts';
import { writtenBy } from './written-by.ts';

/** The operator's own view, and Calico's BGP objects as the topology renders them. */
export const calicoObjectVerdicts = (fabric: Fabric, look: ClusterLook): Verdict[] => [
  ...release(fabric, look),
  ...components(fabric, look),
  ...peers(fabric, look),
  ...configurations(fabric, look),
];

function release(fabric: Fabric, look: ClusterLook): Verdict[] {
  const about = { kind: 'object', name: 'Installation default' } as const;
  const { installation: read } = look;
  if (!read.ok) return [unreadVerdict(fabric, look, read.why, about, 'calico-release')];
  const next = 'kubectl get installation default -o yaml';
  const expected = `Calico ${fabric.calico.version}`;
  if (read.value === undefined) {
    return [different({ about, kind: 'object-missing', expected, found: 'no Installation', next })];
  }
  const { calicoVersion, mtu } = read.value;
  const found = calicoVersion === undefined ? 'none yet' : `Calico ${calicoVersion}`;
  const isOther = calicoVersion !== fabric.calico.version;
  const mtuIs = fabric.pods.mtu;
  return [
    isOther
      ? different({
          about,
          kind: 'object-differs',
          expected,
          found,
          next: 'kubectl describe tigerastatus calico',
        })
      : asPromised({ about, kind: 'calico-release', expected, found }),
    ...(mtuIs === undefined || mtuIs === mtu
      ? []
      : [
          different({
            about,
            kind: 'object-differs',
            expected: `mtu ${mtuIs}`,
            found: mtu === undefined ? 'no mtu' : `mtu ${mtu}`,
            next,
          }),
        ]),
  ];
}

/** What every installation with BGP has. */
const ALWAYS = ['calico'];

function components(fabric: Fabric, look: ClusterLook): Verdict[] {
  const { components: read } = look;
  const of = (name: string): Subject => ({ kind: 'component', name });
  if (!read.ok) return ALWAYS.map((name) => unreadVerdict(fabric, look, read.why, of(name), 'component'));
  const lacking = ALWAYS.filter((name) => read.value.every((one) => one.name !== name));
  return [
    ...lacking.map((name) =>
      different({
        about: of(name),
        kind: 'component-missing',
        expected: 'a TigeraStatus',
        found: 'none: the operator has not reported it',
        next: 'kubectl -n tigera-operator logs deployment/tigera-operator',
      }),
    ),
    ...read.value.map((one) => component(of(one.name), one)),
  ];
}

function component(about: Subject, { name, available, progressing, degraded }: ComponentFacts): Verdict {
  const isDegraded = degraded?.status === 'True';
  if (!isDegraded && available?.status === 'True')
    return asPromised({ about, kind: 'component', expected: 'Available', found: 'Available' });
  const said = [degraded, available, progressing].find((one) => one !== undefined && one.message !== '');
  return different({
    about,
    kind: 'component-degraded',
    expected: 'Available',
    found: isDegraded ? `Degraded: ${degraded.reason}` : 'not Available',
    cause: said && { message: 'as the operator says', evidence: [said.message] },
    next: typed`kubectl describe tigerastatus ${name}`,
  });
}

function peers(fabric: Fabric, look: ClusterLook): Verdict[] {
  const { peers: read } = look;
  const of = (name: string): Subject => ({ kind: 'object', name: `BGPPeer ${name}` });
  if (!read.ok)
    return fabric.peerings.map(({ name }) => unreadVerdict(fabric, look, read.why, of(name), 'bgp-peer'));
  const there = new Map(read.value.map((peer) => [peer.name, peer]));
  const ours = new Set(fabric.peerings.map(({ name }) => name));
  return [
    ...fabric.peerings.map((peering) => {
      const facts = there.get(peering.name);
      const about = of(peering.name);
      if (facts === undefined) {
        const expected = `a BGPPeer to ${peering.router} (${peering.peerAddress.text})`;
        return different({ about, kind: 'peer-missing', expected, found: 'none', next: syncOf(fabric) });
      }
      const next = typed`kubectl get bgppeers ${peering.name} -o yaml --show-managed-fields`;
      const differences = peerDifferences(fabric, peering, facts);
      return held(fabric, about, 'bgp-peer', differences, facts, next);
    }),
    ...read.value
      .filter(({ name }) => !ours.has(name))
      .map((facts) =>
        different({
          about: of(facts.name),
          kind: 'peer-by-hand',
          expected: 'no such BGPPeer',
          found: `one to ${facts.peerIP ?? facts.others.peerSelector ?? 'nobody'}, AS ${facts.asNumber ?? 'unset'}, for ${facts.node ?? facts.nodeSelector ?? 'all nodes'}`,
          cause: writtenBy(fabric, facts),
          next: typed`kubectl get bgppeers ${facts.name} -o yaml --show-managed-fields`,
        }),
      ),
  ];
}

/** Field, expected, found. */
type Difference = readonly [field: string, expected: string, found: string];

/** One verdict for an object: all of its fields that differ. */
function held(
  fabric: Fabric,
  about: Subject,
  kind: 'bgp-peer' | 'bgp-configuration',
  differences: readonly Difference[],
  facts: PeerFacts | ConfigurationFacts,
  next: string | undefined,
): Verdict {
  if (differences.length === 0) return asPromised({ about, kind });
  return different({
    about,
    kind: 'object-differs',
    expected: differences.map(([field, expected]) => `${field} ${expected}`).join(', '),
    found: differences.map(([field, , found]) => `${field} ${found}`).join(', '),
    cause: writtenBy(fabric, facts),
    next,
  });
}

const UNSET = 'unset';

function peerDifferences(fabric: Fabric, peering: Peering, facts: PeerFacts): Difference[] {
  const { secret } = peering.password ?? {};
  const fields: readonly Difference[] = [
    ['peerIP', peering.peerAddress.text, parseAddress(facts.peerIP ?? '')?.text ?? facts.peerIP ?? UNSET],
    ['asNumber', String(peering.asNumber), String(facts.asNumber ?? UNSET)],
    [
      'nodeSelector',
      sameQuotes(peeringSelector(fabric.regionLabel, peering)),
      sameQuotes(facts.nodeSelector ?? UNSET),
    ],
    ['node', UNSET, facts.node ?? UNSET],
    [
      'filters',
      peering.filters.map(({ name }) => name).join(', ') || UNSET,
      facts.filters.join(', ') || UNSET,
    ],
    ['password', secret === undefined ? UNSET : `${secret.name}/${secret.key}`, facts.password ?? UNSET],
    ...Object.entries(facts.others).map(([field, found]): Difference => [field, UNSET, found]),
  ];
  return fields.filter(([, expected, found]) => expected !== found);
}

/** `a == "b"` selects what `a=='b'` selects. */
const sameQuotes = (selector: string): string =>
  selector
    .replaceAll('"', "'")
    .replace(/\s*(==|!=)\s*/g, ' $1 ')
    .trim();

/** What Calico and its operator fill in themselves. */
const FILLED_IN = [
  'logSeverityScreen',
  'programClusterRoutes',
  'serviceLoadBalancerAggregation',
  'ipv4NormalRoutePriority',
  'ipv6NormalRoutePriority',
];

function configurations(fabric: Fabric, look: ClusterLook): Verdict[] {
  const { configurations: read } = look;
  const of = (name: string): Subject => ({ kind: 'object', name: `BGPConfiguration ${name}` });
  if (!read.ok) return [unreadVerdict(fabric, look, read.why, of('default'), 'bgp-configuration')];
  const { asNumber, nodeToNodeMesh } = fabric.bgp;
  const ours = read.value.find(({ name }) => name === 'default');
  const expected = `AS ${asNumber}, mesh ${nodeToNodeMesh ? 'on' : 'off'}`;
  const differencesOf = (facts: ConfigurationFacts): Difference[] => [
    ...(facts.asNumber === asNumber
      ? []
      : ([['asNumber', String(asNumber), String(facts.asNumber ?? UNSET)]] as const)),
    // On unless it is off.
    ...((facts.nodeToNodeMesh ?? true) === nodeToNodeMesh
      ? []
      : ([['nodeToNodeMeshEnabled', String(nodeToNodeMesh), String(!nodeToNodeMesh)]] as const)),
    ...Object.entries(facts.others)
      .filter(([field]) => !FILLED_IN.includes(field))
      .map(([field, found]): Difference => [field, UNSET, found]),
  ];
  return [
    ours === undefined
      ? different({
          about: of('default'),
          kind: 'object-missing',
          expected,
          found: "none: nodes use Calico's defaults",
          next: syncOf(fabric),
        })
      : held(
          fabric,
          of('default'),
          'bgp-configuration',
          differencesOf(ours),
          ours,
          'kubectl get bgpconfigurations default -o yaml --show-managed-fields',
        ),
    ...read.value
      .filter(({ name }) => name !== 'default')
      .map((facts) =>
        different({
          about: of(facts.name),
          kind: 'object-by-hand',
          expected: 'no such BGPConfiguration',
          found: 'one that sets what only one node has',
          cause: writtenBy(fabric, facts),
          next: typed`kubectl get bgpconfigurations ${facts.name} -o yaml --show-managed-fields`,
        }),
      ),
  ];
}

/** Where the engine says why it has not applied what is in git. */
const syncOf = ({ gitops }: Fabric): string =>
  gitops.engine === 'flux' ? 'kubectl get kustomizations -A' : 'kubectl -n argocd get applications';
