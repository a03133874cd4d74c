import type { Fabric } from '../fabric/index.ts';
import { calicoDangers } from './calico.ts';
import { cutOff } from './cut-off.ts';
import type { Changed, Danger } from './danger.ts';
import { objectText } from './objects.ts';
import { betweenOrders } from './way-out.ts';

/** Errors first; what concerns the whole cluster before what concerns a region. */
export function dangers(changed: Changed): Danger[] {
  const found = [
    deletions,
    pools,
    foundation,
    calicoDangers,
    encapsulation,
    asNumber,
    meshOff,
    natOff,
    silenced,
    cutOff,
    designated,
    podMtu,
    apart,
  ].flatMap((rule) => rule(changed));
  return gravestFirst(found);
}

export const gravestFirst = (all: readonly Danger[]): Danger[] => [
  ...all.filter(({ severity }) => severity === 'error'),
  ...all.filter(({ severity }) => severity !== 'error'),
];

/** Without these there is no pod network, or nothing that manages it. */
const VITAL = ['Installation', 'Namespace', 'CustomResourceDefinition', 'IPPool', 'APIServer'];

function deletions({ before, after, objects }: Changed): Danger[] {
  // A vendored manifest has CRDs that no engine may prune; the operator that noencap carries keeps using them.
  const isTakenOver =
    before.calico.operatorManifest !== undefined && after.calico.operatorManifest === undefined;
  return objects
    .filter(({ change, id }) => change === 'deleted' && VITAL.includes(id.kind))
    .filter(({ id }) => !isTakenOver || id.kind !== 'CustomResourceDefinition')
    .map(({ id }) => ({
      code: 'object-deleted',
      severity: 'error',
      message: `${objectText(id)} is deleted with everything in it: the pod network of every node goes down`,
      fix: 'Keep it. To remove a cluster, remove its applications first and this object last, by hand.',
    }));
}

/** Calico's validation refuses changes to a pool's CIDR and block size; the operator deletes pools that are not listed. */
function pools({ before, after }: Changed): Danger[] {
  return before.pods.pools.flatMap((pool): Danger[] => {
    const same = after.pods.pools.find(({ cidr }) => cidr.text === pool.cidr.text);
    const now = same ?? after.pods.pools.find(({ cidr }) => cidr.family === pool.cidr.family);
    if (now !== undefined && same === undefined && pool.retiring) {
      return [
        {
          code: 'pool-retired',
          severity: 'warning',
          message: `pool ${pool.cidr.text} is removed for good: any pod that still has an address from it is cut off`,
          fix: 'Make sure it is empty first: no such address in kubectl get pods -A -o wide, no such block in calicoctl ipam show --show-blocks.',
        },
      ];
    }
    if (now === undefined) {
      return [
        {
          code: 'pool-removed',
          severity: 'error',
          message: `pool ${pool.cidr.text} is removed: the operator deletes it, and its pods keep addresses that are not routed`,
          fix: 'Move the pods to another pool first (docs/move-to-a-new-pool.md), then remove it.',
        },
      ];
    }
    if (same === undefined && before.pods.pools.some(({ cidr }) => cidr.text === now.cidr.text)) {
      return [
        {
          code: 'pool-swapped',
          severity: 'error',
          message: `pool ${pool.cidr.text}, from which pods get their addresses, is removed: the operator deletes it and its block affinities at once, in use or not, and cuts off its pods`,
          fix: `Swap the two instead: ${now.cidr.text} under pods.cidrs, ${pool.cidr.text} under pods.retiring; restart its pods, then remove it.`,
        },
      ];
    }
    if (now.cidr.text === pool.cidr.text && now.blockSize === pool.blockSize) return [];
    const what =
      now.cidr.text === pool.cidr.text
        ? `its block size from /${pool.blockSize} to /${now.blockSize}`
        : `into ${now.cidr.text}`;
    return [
      {
        code: 'pool-changed',
        severity: 'error',
        message: `pool ${pool.cidr.text} changes ${what}: Calico refuses this for a pool in use`,
        fix: 'Migrate: add a second pool, restart the pods, then remove the first one (docs/move-to-a-new-pool.md).',
      },
    ];
  });
}

/** A range that Kubernetes handed to a node must lie in the cluster CIDR, or the controller manager ends and K3s with it (k3s-io/k3s#2603). */
function foundation({ before, after }: Changed): Danger[] {
  const [was, is] = [before, after].map(({ k3s }) => k3s.clusterCidrs.map(({ text }) => text).join(', '));
  const stays = new Set(after.nodes.map(({ name }) => name));
  const servers = before.nodes.filter(({ role, name }) => role === 'server' && stays.has(name));
  const cidrsAfter = new Set(after.pods.pools.map(({ cidr }) => cidr.text));
  // If a pool moves without a second one, that is what needs fixing.
  const moves = before.pods.pools.some(({ cidr, retiring }) => !retiring && !cidrsAfter.has(cidr.text));
  if (was === is || servers.length === 0 || moves) return [];
  return [
    {
      code: 'cluster-cidr',
      severity: 'error',
      message: `the cluster CIDR of K3s changes from ${was} to ${is}: servers with the new value do not start`,
      fix: `Keep k3s.clusterCidrs: [${was}], the value the cluster was created with; only pods.cidrs decides where pods get addresses.`,
    },
  ];
}

/** What noencap renders has none; an adopted cluster or an edited file may. */
function encapsulation({ objects }: Changed): Danger[] {
  return objects.flatMap(({ id, fields }): Danger[] => {
    const changed = fields.find(({ path }) => /(^|\.)(encapsulation|ipipMode|vxlanMode)$/.test(path));
    if (changed === undefined || !['Installation', 'IPPool'].includes(id.kind)) return [];
    const [was, is] = [changed.before, changed.after].map((one = 'none') =>
      typeof one === 'string' ? one : JSON.stringify(one),
    );
    return [
      {
        code: 'encapsulation',
        severity: 'error',
        message: `the encapsulation of pods' packets changes from ${was} to ${is}: until all nodes and routers have it, pods on different nodes lose connectivity`,
        fix: 'First bring up the routes without encapsulation, check that every router has every block, then change it in a maintenance window.',
      },
    ];
  });
}

function asNumber({ before, after }: Changed): Danger[] {
  const [was, is] = [before.bgp.asNumber, after.bgp.asNumber];
  if (was === is) return [];
  return [
    {
      code: 'as-number',
      severity: 'warning',
      message: `the AS number changes from ${was} to ${is}: a node and a router have no session while only one of them has the new number`,
      fix: 'Plan an outage of the pod network until the cluster and all routers have it.',
    },
  ];
}

/** Existing connections continue; new ones use the pod's own address. */
function natOff({ before, after }: Changed): Danger[] {
  if (!before.pods.natOutgoing || after.pods.natOutgoing) return [];
  return [
    {
      code: 'nat-off',
      severity: 'warning',
      message:
        'traffic from pods to addresses outside the pools is no longer masqueraded: destinations without a route back to the pools, the internet included, do not answer',
      fix: 'First make sure that whatever pods talk to has a route to the pools, or that a gateway masquerades their traffic.',
    },
  ];
}

/** A finding that is suppressed by this change. Nothing else shows it: it is neither new nor fixed. */
function silenced({ suppressed }: Changed): Danger[] {
  return suppressed.map(({ id, severity, message }) => ({
    code: 'finding-suppressed',
    severity: 'warning',
    message: `${id} is suppressed: ${message}`,
    fix:
      severity === 'error'
        ? 'Fix it: what an error reports is broken stays broken when the report is suppressed.'
        : 'Check that the reason under checks.suppress holds.',
  }));
}

/** Calico removes its mesh at once; new reflectors have sessions only after they are shipped. */
function meshOff({ before, after, sessions }: Changed): Danger[] {
  if (!before.bgp.nodeToNodeMesh || after.bgp.nodeToNodeMesh) return [];
  const stay = new Set(
    sessions.filter(({ change }) => change === 'kept' || change === 'reloaded').map(({ id }) => id),
  );
  const held = new Set(
    after.sessions
      .filter(({ id, kind }) => kind === 'reflector' && stay.has(id))
      .map(({ ends }) => ends[1].speaker),
  );
  const alone = after.nodes.filter(
    ({ name }) => !held.has(name) && before.nodes.some((node) => node.name === name),
  );
  const [first] = alone;
  if (first === undefined) return [];
  return [
    {
      code: 'mesh-off',
      severity: 'error',
      message: `Calico's mesh is removed before ${alone.length === 1 ? `${first.name} has` : `${alone.length} nodes have`} a session with a reflector that stays`,
      fix: 'First add the reflectors with the mesh on; once their sessions are up, turn the mesh off in a second change.',
    },
  ];
}

/**
 * The first speaker of OSPF on a segment is its designated router for as long as it lives (RFC 2328 section 9.4). When it leaves,
 * the others originate the segment's LSA again, twice within MinLSInterval: traffic across it is dropped for these five seconds (measured).
 */
function designated({ before, after }: Changed): Danger[] {
  const [speakersBefore, speakersAfter] = [before, after].map(igpSpeakers) as [Speakers, Speakers];
  return [...speakersBefore].flatMap(([segment, speakers]): Danger[] => {
    const stay = [...(speakersAfter.get(segment) ?? [])].filter((name) => speakers.has(name));
    const gone = [...speakers].filter((name) => !speakersAfter.get(segment)?.has(name));
    if (gone.length === 0 || stay.length < 2) return [];
    const isOne = gone.length === 1;
    const leave = gone.every((name) => isOn(after, segment, name))
      ? `no longer ${isOne ? 'runs' : 'run'} OSPF on`
      : isOne
        ? 'leaves'
        : 'leave';
    return [
      {
        code: 'designated-router',
        severity: 'warning',
        message: `${gone.join(', ')} ${leave} segment ${segment}, and may be OSPF's designated router there: traffic from ${stay.join(' to ')} over it is then dropped for about five seconds`,
        fix: `Ask birdc show ospf interface on ${gone[0]}: if it shows DR, remove it from the segment during a quiet hour, or first give the others another link.`,
      },
    ];
  });
}

const isOn = ({ segments = [] }: Fabric, segment: string, machine: string): boolean =>
  segments.some(({ name, members }) => name === segment && members.some((one) => one.machine === machine));

type Speakers = ReadonlyMap<string, ReadonlySet<string>>;

/** For each segment the machines that run the IGP on it. */
function igpSpeakers({ routers, nodes, hosts }: Fabric): Speakers {
  const speakersOf = new Map<string, Set<string>>();
  const running = [
    ...routers.filter(({ planned }) => !planned),
    ...[...nodes, ...hosts].filter(({ igp }) => igp),
  ];
  for (const { name, attachments } of running) {
    for (const { segment, igp } of attachments) {
      if (igp.length > 0) speakersOf.set(segment, (speakersOf.get(segment) ?? new Set()).add(name));
    }
  }
  return speakersOf;
}

function podMtu({ before, after, traffic }: Changed): Danger[] {
  const [was, is] = [before.pods.mtu, after.pods.mtu];
  const narrow = traffic.filter(({ change, mtu: [, now] }) => change === 'too narrow' && now !== null);
  const least = Math.min(...narrow.map(({ mtu: [, now] }) => now ?? Number.POSITIVE_INFINITY));
  return [
    // New pods get the smaller MTU, running ones do not.
    ...(was !== undefined && narrow.length > 0 && least >= (is ?? was) && least < was
      ? [
          {
            code: 'path-mtu' as const,
            severity: 'error' as const,
            message: `running pods keep an MTU of ${was} until they are restarted, but packets of more than ${least} bytes no longer pass`,
            fix: `First set pods.mtu to ${least} or less in a separate change and restart all pods; then reduce the path MTU.`,
          },
        ]
      : []),
    ...(was === is
      ? []
      : [
          {
            code: 'pod-mtu' as const,
            severity: 'warning' as const,
            message: `the MTU of pods changes from ${was ?? "the hosts' own"} to ${is ?? "the hosts' own"}: calico-node restarts on every node, and pods get it when they are restarted`,
            fix:
              was !== undefined && is !== undefined && is > was
                ? 'Raise the MTU of all segments first.'
                : 'Restart the pods before the MTU of a segment is reduced.',
          },
        ]),
  ];
}

/** Both ends of a session must match, and one of them gets the change first. */
function apart({ before, after, order }: Changed): Danger[] {
  // The AS number and a moving pool have rules of their own.
  const cidrsAfter = new Set(after.pods.pools.map(({ cidr }) => cidr.text));
  const hasOwnRule =
    before.bgp.asNumber !== after.bgp.asNumber ||
    before.pods.pools.some(({ cidr, retiring }) => !retiring && !cidrsAfter.has(cidr.text));
  if (order.first !== 'apart' || hasOwnRule) return [];
  const { routersFirst, clusterFirst } = order.lost;
  return [
    {
      code: 'delivery-apart',
      severity: 'error',
      message: `until both routers and cluster have it, pods lose connectivity: ${routersFirst} pairs of nodes with the routers first, ${clusterFirst} with the cluster first`,
      fix: `${betweenOrders(before, after)}.`,
    },
  ];
}
