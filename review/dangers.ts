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

export const gravestFirst = (found: readonly Danger[]): Danger[] => [
  ...found.filter(({ severity }) => severity === 'error'),
  ...found.filter(({ severity }) => severity !== 'error'),
];

/** Without these there is no pod network, or nobody who looks after it. */
const VITAL = ['Installation', 'Namespace', 'CustomResourceDefinition', 'IPPool', 'APIServer'];

function deletions({ before, after, objects }: Changed): Danger[] {
  // A vendored manifest brings CRDs that no engine may prune; an operator that noencap carries goes on with them.
  const isTakenOver =
    before.calico.operatorManifest !== undefined && after.calico.operatorManifest === undefined;
  return objects
    .filter(({ became, id }) => became === 'deleted' && VITAL.includes(id.kind))
    .filter(({ id }) => !isTakenOver || id.kind !== 'CustomResourceDefinition')
    .map(({ id }) => ({
      severity: 'error',
      says: `${objectText(id)} is deleted, and with it what it holds: the pod network of every node goes down`,
      mend: 'Leave it. To remove a cluster, remove its applications first and this one last, by hand.',
    }));
}

/** Calico's validation lets nobody change where a pool is and how it is cut; the operator deletes pools that are not named. */
function pools({ before, after }: Changed): Danger[] {
  return before.pods.pools.flatMap((pool): Danger[] => {
    const same = after.pods.pools.find(({ cidr }) => cidr.text === pool.cidr.text);
    const now = same ?? after.pods.pools.find(({ cidr }) => cidr.family === pool.cidr.family);
    if (now !== undefined && same === undefined && pool.retiring) {
      return [
        {
          severity: 'warning',
          says: `pool ${pool.cidr.text} goes for good: a pod that has an address of it still is cut off`,
          mend: 'See that it is empty first: no such address in kubectl get pods -A -o wide, no such block in calicoctl ipam show --show-blocks.',
        },
      ];
    }
    if (now === undefined) {
      return [
        {
          severity: 'error',
          says: `pool ${pool.cidr.text} goes: the operator deletes it, and its pods keep addresses that nobody routes`,
          mend: 'Move the pods to another pool first (docs/move-to-a-new-pool.md), then remove it.',
        },
      ];
    }
    if (same === undefined && before.pods.pools.some(({ cidr }) => cidr.text === now.cidr.text)) {
      return [
        {
          severity: 'error',
          says: `pool ${pool.cidr.text}, of which pods get their addresses, goes: the operator deletes it and its blocks' affinities at once, in use or not, and cuts its pods off`,
          mend: `Swap the two instead: ${now.cidr.text} under pods.cidrs, ${pool.cidr.text} under pods.retiring; start its pods anew, then take it out.`,
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
        severity: 'error',
        says: `pool ${pool.cidr.text} is to change ${what}: Calico refuses that of a pool in use`,
        mend: 'Migrate: a second pool beside it, pods started anew, then the first one away (docs/move-to-a-new-pool.md).',
      },
    ];
  });
}

/** A range that Kubernetes handed to a node must lie in the cluster CIDR, or the controller manager ends and K3s with it (k3s-io/k3s#2603). */
function foundation({ before, after }: Changed): Danger[] {
  const [was, is] = [before, after].map(({ k3s }) => k3s.clusterCidrs.map(({ text }) => text).join(', '));
  const stays = new Set(after.nodes.map(({ name }) => name));
  const servers = before.nodes.filter(({ role, name }) => role === 'server' && stays.has(name));
  const known = new Set(after.pods.pools.map(({ cidr }) => cidr.text));
  // Where a pool moves without a second one beside it, that is what must be mended.
  const moves = before.pods.pools.some(({ cidr, retiring }) => !retiring && !known.has(cidr.text));
  if (was === is || servers.length === 0 || moves) return [];
  return [
    {
      severity: 'error',
      says: `the cluster CIDR of K3s is to change from ${was} to ${is}: servers that get it do not start again`,
      mend: `Keep k3s.clusterCidrs: [${was}], what the cluster was founded with; where pods get addresses is pods.cidrs alone.`,
    },
  ];
}

/** What we render has none; a cluster that is taken over may, and so may what somebody edited. */
function encapsulation({ objects }: Changed): Danger[] {
  return objects.flatMap(({ id, fields }): Danger[] => {
    const changed = fields.find(({ path }) => /(^|\.)(encapsulation|ipipMode|vxlanMode)$/.test(path));
    if (changed === undefined || !['Installation', 'IPPool'].includes(id.kind)) return [];
    const [was, is] = [changed.before, changed.after].map((one) => String(one ?? 'none'));
    return [
      {
        severity: 'error',
        says: `the encapsulation of pods' packets changes from ${was} to ${is}: until all nodes and routers have followed, pods of different nodes lose each other`,
        mend: 'Bring up the routes without encapsulation first, see every block in every router, then change it in a window.',
      },
    ];
  });
}

function asNumber({ before, after }: Changed): Danger[] {
  const [was, is] = [before.bgp.asNumber, after.bgp.asNumber];
  if (was === is) return [];
  return [
    {
      severity: 'warning',
      says: `the AS number changes from ${was} to ${is}: between a node and a router of which one has it already there is no session`,
      mend: 'Plan an outage of the pod network for as long as it takes until cluster and all routers have it.',
    },
  ];
}

/** Connections that are there go on; new ones go out with the pod's own address. */
function natOff({ before, after }: Changed): Danger[] {
  if (!before.pods.natOutgoing || after.pods.natOutgoing) return [];
  return [
    {
      severity: 'warning',
      says: 'what pods send beyond the pools is not masqueraded any more: whoever has no route back to the pools, the internet among them, does not answer them',
      mend: 'See first that whatever pods talk to has a route to the pools, or that a gateway masquerades them.',
    },
  ];
}

/** A finding that is there, and accepted in this change. Nothing else shows it: it is neither new nor gone. */
function silenced({ suppressed }: Changed): Danger[] {
  return suppressed.map(({ id, severity, says }) => ({
    severity: 'warning',
    says: `${id} is suppressed: ${says}`,
    mend:
      severity === 'error'
        ? 'Mend it: what an error says is broken stays broken when nobody is told.'
        : 'See that the reason under checks.suppress holds.',
  }));
}

/** Calico takes its mesh down at once; reflectors that are new bring their sessions when somebody has shipped them. */
function meshOff({ before, after, sessions }: Changed): Danger[] {
  if (!before.bgp.nodeToNodeMesh || after.bgp.nodeToNodeMesh) return [];
  const stay = new Set(
    sessions.filter(({ became }) => became === 'kept' || became === 'reloaded').map(({ id }) => id),
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
      severity: 'error',
      says: `Calico's mesh goes before ${alone.length === 1 ? first.name : `${alone.length} nodes`} had a session with a reflector that stays`,
      mend: 'First the reflectors with the mesh on; when their sessions are up, a second change without the mesh.',
    },
  ];
}

/**
 * The first speaker of OSPF on a segment is its designated router for as long as it lives (RFC 2328 section 9.4). When it goes, the
 * others describe the segment anew, and twice within MinLSInterval: what crosses it has no way for these five seconds (measured).
 */
function designated({ before, after }: Changed): Danger[] {
  const [were, are] = [before, after].map(igpSpeakers) as [Speakers, Speakers];
  return [...were].flatMap(([segment, speakers]): Danger[] => {
    const stay = [...(are.get(segment) ?? [])].filter((name) => speakers.has(name));
    const gone = [...speakers].filter((name) => !are.get(segment)?.has(name));
    if (gone.length === 0 || stay.length < 2) return [];
    const isOne = gone.length === 1;
    const leave = gone.every((name) => isOn(after, segment, name))
      ? `${isOne ? 'runs' : 'run'} OSPF no more on`
      : isOne
        ? 'leaves'
        : 'leave';
    return [
      {
        severity: 'warning',
        says: `${gone.join(', ')} ${leave} segment ${segment}, and may be OSPF's designated router there: what goes from ${stay.join(' to ')} over it then has no way for some five seconds`,
        mend: `Ask birdc show ospf interface on ${gone[0]}: if it says DR, take it off the segment at a quiet hour, or give the others a link of their own first.`,
      },
    ];
  });
}

const isOn = ({ segments = [] }: Fabric, segment: string, machine: string): boolean =>
  segments.some(({ name, members }) => name === segment && members.some((one) => one.machine === machine));

type Speakers = ReadonlyMap<string, ReadonlySet<string>>;

/** Of each segment the machines that run the IGP on it. */
function igpSpeakers({ routers, nodes, hosts }: Fabric): Speakers {
  const found = new Map<string, Set<string>>();
  const running = [
    ...routers.filter(({ planned }) => !planned),
    ...[...nodes, ...hosts].filter(({ igp }) => igp),
  ];
  for (const { name, attachments } of running) {
    for (const { segment, igp } of attachments) {
      if (igp.length > 0) found.set(segment, (found.get(segment) ?? new Set()).add(name));
    }
  }
  return found;
}

function podMtu({ before, after, traffic }: Changed): Danger[] {
  const [was, is] = [before.pods.mtu, after.pods.mtu];
  const narrow = traffic.filter(({ became, mtu: [, now] }) => became === 'too narrow' && now !== null);
  const least = Math.min(...narrow.map(({ mtu: [, now] }) => now ?? Number.POSITIVE_INFINITY));
  return [
    // New pods are as narrow as the way, those that run are not.
    ...(was !== undefined && narrow.length > 0 && least >= (is ?? was) && least < was
      ? [
          {
            severity: 'error' as const,
            says: `pods that run keep an MTU of ${was} until they are started anew, and of what they send no more than ${least} bytes pass`,
            mend: `First give pods.mtu ${least} or less in a change of its own and start all pods anew; then let the way get narrower.`,
          },
        ]
      : []),
    ...(was === is
      ? []
      : [
          {
            severity: 'warning' as const,
            says: `the MTU of pods changes from ${was ?? "the hosts' own"} to ${is ?? "the hosts' own"}: calico-node restarts on every node, and pods take it when they are started anew`,
            mend:
              was !== undefined && is !== undefined && is > was
                ? 'Raise the MTU of all segments first.'
                : 'Start the pods anew before a segment gets narrower.',
          },
        ]),
  ];
}

/** Both ends of a session must mean each other, and one of them gets the change first. */
function apart({ before, after, order }: Changed): Danger[] {
  // What an AS number costs is told by its own rule, and so is what a pool does that moves.
  const known = new Set(after.pods.pools.map(({ cidr }) => cidr.text));
  const isTold =
    before.bgp.asNumber !== after.bgp.asNumber ||
    before.pods.pools.some(({ cidr, retiring }) => !retiring && !known.has(cidr.text));
  if (order.first !== 'apart' || isTold) return [];
  const { routersFirst, clusterFirst } = order.lost;
  return [
    {
      severity: 'error',
      says: `until both routers and cluster have it pods lose each other: ${routersFirst} pairs of nodes with the routers first, ${clusterFirst} with the cluster first`,
      mend: `${betweenOrders(before, after)}.`,
    },
  ];
}
