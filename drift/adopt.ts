import { type Fabric, peeringSelector } from '../fabric/index.ts';
import { parseAddress } from '../topology/address.ts';
import type { Edit } from '../topology/edit.ts';
import type { ObjectDrift } from './document.ts';
import type { ObjectsDrift } from './objects.ts';
import { objectName } from './words.ts';

type Field = ObjectDrift['fields'][number];

/** Something in the cluster that could be written into the topology: whether that gives what the cluster has is to be proven. */
export interface Proposal {
  readonly edits: readonly Edit[];
  /** What must not differ any more, as `differences` names it. */
  readonly covers: readonly string[];
  /** Other objects that this setting is in too: what the engine and the operator make of it follows with the next sync. */
  readonly follows: RegExp | undefined;
  /** What is left to do by hand. */
  readonly afterwards: string | undefined;
}

/** A difference that the topology has no words for. */
export interface NotExpressible {
  /** As `differences` names it. */
  readonly what: string;
  readonly why: string;
}

export interface Proposals {
  readonly proposals: readonly Proposal[];
  readonly left: readonly NotExpressible[];
}

/** Each difference of its own, by name: `IPPool default-ipv4-ippool: spec.natOutgoing false`. */
export const differences = ({ objects }: Pick<ObjectsDrift, 'objects'>): string[] =>
  objects.flatMap((object) =>
    object.change === 'missing' || object.change === 'by-hand'
      ? [whole(object)]
      : object.fields.map((field) => nameOf(object, field)),
  );

const whole = (object: ObjectDrift): string =>
  `${objectName(object)} ${object.change === 'missing' ? 'is missing' : 'is not in git'}`;

const nameOf = (object: ObjectDrift, { path, after }: Field): string =>
  `${objectName(object)}: ${path} ${after === undefined ? 'removed' : JSON.stringify(after)}`;

/** `file` is the topology as plain values, which says in which form something is written there. */
export function proposals(
  fabric: Fabric,
  file: unknown,
  { objects }: Pick<ObjectsDrift, 'objects'>,
): Proposals {
  const found: Proposal[] = [];
  const left: NotExpressible[] = [];
  for (const object of objects) {
    switch (object.change) {
      case 'missing':
        left.push({
          what: whole(object),
          why: 'a sync brings it back; if it is meant to be gone, take what renders it out of the topology',
        });
        break;
      case 'not-applied':
        for (const field of object.fields)
          left.push({
            what: nameOf(object, field),
            why: NOT_APPLIED,
          });
        break;
      case 'by-hand': {
        const proposal = ofPeer(fabric, file, object);
        if (typeof proposal === 'string') left.push({ what: whole(object), why: proposal });
        else found.push(proposal);
        break;
      }
      case 'changed':
        for (const field of object.fields) {
          if (field.by?.is === 'engine') {
            left.push({ what: nameOf(object, field), why: NOT_APPLIED });
            continue;
          }
          const proposal = ofField(fabric, file, object, field);
          if (typeof proposal === 'string') left.push({ what: nameOf(object, field), why: proposal });
          else found.push({ ...proposal, covers: [nameOf(object, field)], afterwards: undefined });
        }
        break;
    }
  }
  return { proposals: merged(found), left };
}

/** What two differences ask for alike is one edit. */
function merged(all: readonly Proposal[]): Proposal[] {
  const byEdits = new Map<string, Proposal>();
  for (const one of all) {
    const key = JSON.stringify(one.edits);
    const other = byEdits.get(key);
    byEdits.set(key, other === undefined ? one : { ...other, covers: [...other.covers, ...one.covers] });
  }
  return [...byEdits.values()];
}

type Words = Pick<Proposal, 'edits' | 'follows'> | string;

const set = (path: Edit['path'], value: unknown, follows?: RegExp): Words => ({
  edits: [{ path, value }],
  follows,
});

const NOT_APPLIED = 'git has changed since, and the engine has not applied it: there is nothing to adopt';
const NO_WORD = 'the topology has no setting for it';

function ofField(fabric: Fabric, file: unknown, object: ObjectDrift, field: Field): Words {
  switch (object.id.kind) {
    case 'Installation':
      return ofInstallation(fabric, file, object, field);
    case 'IPPool':
      return ofPool(fabric, file, field);
    case 'BGPConfiguration':
      return ofConfiguration(field);
    case 'BGPPeer':
      return ofPeering(fabric, file, object, field);
    case 'Node':
      return ofNode(fabric, object, field);
    default:
      return NO_WORD;
  }
}

const POOLS = /^(Installation default: spec\.calicoNetwork\.ipPools|IPPool )/;

function ofInstallation(
  fabric: Fabric,
  file: unknown,
  { fields }: ObjectDrift,
  { path, after }: Field,
): Words {
  if (path === 'spec.calicoNetwork.mtu' && typeof after === 'number') return set(['pods', 'mtu'], after);
  if (path === 'spec.registry' && typeof after === 'string')
    return set(['calico', 'registry'], after.replace(/\/$/, ''));
  if (path === 'spec.calicoNetwork.containerIPForwarding' && isSwitch(after))
    return set(['calico', 'containerIPForwarding'], after === 'Enabled');
  if (/^spec\.calicoNetwork\.ipPools\[[^\]]*\]\.natOutgoing$/.test(path) && isSwitch(after))
    return set(['pods', 'natOutgoing'], after === 'Enabled', POOLS);
  if (/^spec\.calicoNetwork\.ipPools\[[^\]]*\]\.blockSize$/.test(path)) return blockSize(fabric, file, after);
  if (path.startsWith(DETECTION)) return detection(fields);
  return NO_WORD;
}

const isSwitch = (value: unknown): boolean => value === 'Enabled' || value === 'Disabled';

const DETECTION = 'spec.calicoNetwork.nodeAddressAutodetectionV';

/** The method that is there instead, the same for each family. */
function detection(fields: ObjectDrift['fields']): Words {
  const there = fields.filter(
    ({ path, after }) => path.startsWith(DETECTION) && after !== undefined && after !== null,
  );
  const methods = there.map(
    ({ path, after }) => [path.slice(DETECTION.length + 2).split('.')[0] ?? '', after] as const,
  );
  const [[method, value] = []] = methods;
  if (method === undefined || new Set(methods.map((one) => JSON.stringify(one))).size > 1)
    return 'the topology has one way to find the address of a node, for both families';
  const path = ['calico', 'nodeAddress'];
  if (method === 'firstFound' && value === true) return set(path, 'firstFound');
  if (method === 'kubernetes') return set(path, 'kubernetes');
  if (['interface', 'skipInterface', 'canReach', 'cidrs'].includes(method))
    return set(path, { [method]: value });
  return NO_WORD;
}

function blockSize(fabric: Fabric, file: unknown, after: unknown): Words {
  if (typeof after !== 'number') return NO_WORD;
  const family = after > 32 ? 'ipv6' : 'ipv4';
  const written = at(file, ['pods', 'blockSize']);
  const isPair = typeof written === 'object' && written !== null;
  const isOnly = fabric.pods.families.length === 1;
  return set(
    ['pods', 'blockSize', ...(isPair || (!isOnly && written === undefined) ? [family] : [])],
    after,
    POOLS,
  );
}

function ofPool(fabric: Fabric, file: unknown, { path, after }: Field): Words {
  if (path === 'spec.natOutgoing' && typeof after === 'boolean')
    return set(['pods', 'natOutgoing'], after, POOLS);
  if (path === 'spec.blockSize') return blockSize(fabric, file, after);
  if (path === 'spec.disabled')
    return 'to retire a pool is more than one setting: docs/move-to-a-new-pool.md';
  return NO_WORD;
}

function ofConfiguration({ path, after }: Field): Words {
  if (path === 'spec.asNumber' && typeof after === 'number') return set(['bgp', 'asNumber'], after);
  if (path === 'spec.nodeToNodeMeshEnabled' && typeof after === 'boolean')
    return set(['bgp', 'nodeToNodeMesh'], after);
  return NO_WORD;
}

function ofPeering(fabric: Fabric, file: unknown, { id }: ObjectDrift, { path, after }: Field): Words {
  const peering = fabric.peerings.find(({ name }) => name === id.name);
  if (peering === undefined) return NO_WORD;
  if (path === 'spec.peerIP' && typeof after === 'string') {
    const written = at(file, ['routers', peering.router, 'nodeAddress']);
    const isPair = typeof written === 'object' && written !== null;
    return set(['routers', peering.router, 'nodeAddress', ...(isPair ? [peering.family] : [])], after);
  }
  if (path === 'spec.asNumber' && typeof after === 'number') return set(['bgp', 'asNumber'], after);
  if (path === 'spec.nodeSelector') return 'a BGPPeer is for the nodes of its region';
  if (path.startsWith('spec.filters')) return 'write the filter under calico.filters, with this router';
  return NO_WORD;
}

/** The Jobs are named after what they do: the label that they would set is there. */
const LABEL_JOBS = /^(Job|CronJob) noencap-system\/\S+ is missing$/;

function ofNode({ regionLabel, regions }: Fabric, { id }: ObjectDrift, { path, after }: Field): Words {
  if (path.startsWith('metadata.annotations.'))
    return 'all nodes have the AS number bgp.asNumber, and reflectors are routers';
  if (after === undefined)
    return 'every node of the topology has a region, so a label that was removed cannot be written';
  if (!regions.some(({ name }) => name === after))
    return `there is no region ${JSON.stringify(after)} for ${regionLabel}`;
  return set(['nodes', id.name, 'region'], after, LABEL_JOBS);
}

/** A BGPPeer that somebody made is a router that reflects for a region. */
function ofPeer(fabric: Fabric, file: unknown, object: ObjectDrift): Proposal | string {
  const { kind, name } = object.id;
  if (kind !== 'BGPPeer')
    return kind === 'BGPFilter'
      ? 'write its rules under calico.filters, with the routers whose peers use it'
      : kind === 'IPPool'
        ? 'the topology has the pools of pods only: docs/move-to-a-new-pool.md'
        : NO_WORD;
  const spec = new Map(object.fields.map(({ path, after }) => [path.replace(/^spec\./, ''), after]));
  const others = [...spec.keys()].filter((key) => !['peerIP', 'asNumber', 'nodeSelector'].includes(key));
  if (others.length > 0) return `a BGPPeer of the topology has no ${others.join(', ')}`;
  if (spec.get('asNumber') !== fabric.bgp.asNumber)
    return `every session of the topology is in AS ${fabric.bgp.asNumber}`;
  const region = fabric.regions.find(
    (one) =>
      unquoted(peeringSelector(fabric.regionLabel, { region: one.name })) ===
      unquoted(spec.get('nodeSelector')),
  );
  if (region === undefined) return 'a BGPPeer of the topology is for the nodes of one region, by their label';
  const address = parseAddress(String(spec.get('peerIP')));
  if (address === undefined) return 'its peerIP is no address';
  const known = fabric.routers.find(({ nodeAddress }) => nodeAddress[address.family]?.text === address.text);
  const router = known?.name ?? nameFor(name, region.name);
  if (region.routers.some((one) => one.name === router))
    return `${region.name} has the router ${router} already`;
  if (known === undefined && region.nodes.length > 0)
    return `nodes of ${region.name} would wait for a router that noencap does not deliver to: write it into routers, with its other addresses`;
  if (known === undefined && fabric.routers.some((one) => one.name === router))
    return `another router is called ${router}`;
  if (known === undefined && address.family === 'ipv6')
    return 'a router needs a router ID: write it into routers';
  const rendered = `route-reflector-${region.name.toLowerCase()}-${router}${address.family === 'ipv6' ? '-v6' : ''}`;
  return {
    edits: [
      ...(known === undefined
        ? [
            {
              path: ['routers', router],
              value: { routerId: address.text, nodeAddress: address.text, planned: true },
            },
          ]
        : []),
      oneMoreRouter(file, region.name, router),
    ],
    covers: rendered === name ? [whole(object)] : [],
    // The engine's marks are on it as soon as the engine has it, and the selector in git's own quotes.
    follows: new RegExp(
      rendered === name
        ? `^BGPPeer ${escaped(name)}: (metadata.|spec.nodeSelector )`
        : `^BGPPeer ${escaped(rendered)} is missing$`,
    ),
    afterwards:
      rendered === name
        ? undefined
        : `the engine makes it again as ${rendered}; once that is there: kubectl delete bgppeers ${name}`,
  };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const unquoted = (selector: unknown): string =>
  String(selector)
    .replace(/["']/g, "'")
    .replace(/\s*==\s*/g, '==')
    .trim();

/** A name for the router, from that of its BGPPeer. */
const nameFor = (peer: string, region: string): string => {
  const prefix = `route-reflector-${region.toLowerCase()}-`;
  return peer.startsWith(prefix) ? peer.slice(prefix.length) : peer;
};

function oneMoreRouter(file: unknown, region: string, router: string): Edit {
  const path = ['regions', region];
  const all = at(file, [...path, 'routers']);
  if (Array.isArray(all)) return { path: [...path, 'routers', all.length], value: router };
  return { path: [...path, 'router'], value: [at(file, [...path, 'router']), router], as: 'routers' };
}

const at = (file: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Readonly<Record<string, unknown>>)[key]
        : undefined,
    file,
  );

/** Undefined if rendering gives what the cluster has, with this proposal; else what speaks against it. */
export function disproof(
  { covers, follows }: Proposal,
  before: readonly string[],
  after: readonly string[],
): string | undefined {
  const left = covers.find((one) => after.includes(one));
  if (left !== undefined) return `rendered with it, git still has something else: ${left}`;
  const more = after.filter((one) => !before.includes(one) && follows?.test(one) !== true);
  if (more.length === 0) return undefined;
  return `rendered with it, git has what the cluster has not: ${more[0]}${more.length > 1 ? `, and ${more.length - 1} more` : ''}`;
}
