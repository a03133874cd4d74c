import { isInstallationDefault } from '../calico/defaults.ts';
import type { Cluster, RunningNode } from './cluster.ts';
import { type ClusterObject, fieldAt, isFields, textOf } from './cluster-objects.ts';
import { type Note, within } from './facts.ts';

/**
 * What exists today but a topology cannot express, object by object: if a network is adopted, the comparison says the same, with
 * what happens to it; if adoption is refused, these are the only notes.
 */
export function leftOut(running: Cluster, nodes: readonly RunningNode[], asNumber: unknown): Note[] {
  const names = new Set(nodes.map(({ name }) => name));
  return [
    ...running
      .of('Installation')
      .filter(({ name }) => name === 'default')
      .flatMap((object) => fieldsOf(object, ofInstallation(object))),
    ...running.of('BGPConfiguration').flatMap((object) => ofConfiguration(object, names)),
    ...running.of('FelixConfiguration').flatMap(ofFelix),
    ...nodes.flatMap(({ object }) => ofNode(object, asNumber)),
    ...running.of('BlockAffinity').flatMap((object) => ofAffinity(object, names)),
  ];
}

/** One line for all extra fields of an object, at the first of them. */
function fieldsOf(object: ClusterObject, fields: readonly (readonly string[])[]): Note[] {
  const [first] = fields;
  if (first === undefined) return [];
  const names = fields.map((path) => path.join('.')).join(', ');
  const message = `it has ${names}, which a topology cannot express`;
  return [{ what: `${object.kind} ${object.name}`, message, at: within(object, 'spec', ...first) }];
}

/** Fields of the Installation that a topology covers, or that noencap decides. */
const TAKEN =
  /^(registry|imagePullSecrets|calicoNetwork\.(ipPools|mtu|nodeAddressAutodetectionV[46]|containerIPForwarding))$/;

function ofInstallation({ value }: ClusterObject): string[][] {
  const below = (found: unknown, path: readonly string[]): string[][] => {
    const name = path.join('.');
    if (TAKEN.test(name)) return [];
    if (isFields(found)) return Object.keys(found).flatMap((key) => below(found[key], [...path, key]));
    const isDefault = isInstallationDefault(`spec.${name}`, found);
    return isDefault ? [] : [[...path]];
  };
  return below(fieldAt(value, ['spec']) ?? {}, []);
}

const OF_CONFIGURATION = new Set(['asNumber', 'nodeToNodeMeshEnabled', 'logSeverityScreen']);

/** Calico reads `default`, and `node.<name>` of each node (confd, client.go). */
function ofConfiguration(object: ClusterObject, nodes: ReadonlySet<string>): Note[] {
  const spec = fieldAt(object.value, ['spec']);
  const fields = isFields(spec) ? Object.keys(spec) : [];
  if (object.name === 'default')
    return fieldsOf(
      object,
      fields.filter((field) => !OF_CONFIGURATION.has(field)).map((field) => [field]),
    );
  const node = /^node\.(.+)$/.exec(object.name)?.[1];
  const has = fields.length === 0 ? '' : `, with ${fields.join(', ')}`;
  const message =
    node === undefined
      ? 'Calico ignores a BGPConfiguration of this name'
      : nodes.has(node)
        ? `it is for node ${node} only${has}, but a topology has one for all nodes`
        : `it is for node ${node}, which was not given`;
  return [{ what: `BGPConfiguration ${object.name}`, message, at: within(object, 'metadata', 'name') }];
}

/** Felix settings that forward packets other than by routes, or program routes other than by BIRD. */
const OF_FELIX: Readonly<Record<string, readonly unknown[]>> = {
  bpfEnabled: [false],
  wireguardEnabled: [false],
  wireguardEnabledV6: [false],
  ipipEnabled: [false],
  vxlanEnabled: [false],
  natOutgoingAddress: [''],
  natOutgoingExclusions: ['IPPoolsOnly'],
  programClusterRoutes: ['Disabled'],
  removeExternalRoutes: [true],
  deviceRouteSourceAddress: [''],
  deviceRouteSourceAddressIPv6: [''],
  externalNodesList: [],
  mtuIfacePattern: [],
};

function ofFelix(object: ClusterObject): Note[] {
  const fields = Object.entries(OF_FELIX)
    .map(([field, usual]) => [field, fieldAt(object.value, ['spec', field]), usual] as const)
    .filter(([, value, usual]) => value !== undefined && value !== null && !usual.includes(value));
  const [first] = fields;
  if (first === undefined) return [];
  const all = fields.map(([field, value]) => `${field}: ${textOf(value)}`).join(', ');
  const message = `${all}: packets are forwarded, or routes programmed, differently than noencap computes; it stays as it is`;
  return [{ what: `${object.kind} ${object.name}`, message, at: within(object, 'spec', first[0]) }];
}

const TUNNELS = [
  'IPv4IPIPTunnelAddr',
  'IPv4VXLANTunnelAddr',
  'IPv6VXLANTunnelAddr',
  'IPv4WireguardInterfaceAddr',
];

function ofNode(object: ClusterObject, asNumber: unknown): Note[] {
  const note = (name: string, message: (value: string) => string | undefined): Note[] => {
    const path = ['metadata', 'annotations', `projectcalico.org/${name}`];
    const value = fieldAt(object.value, path);
    const text = value === undefined || value === '' ? undefined : message(textOf(value));
    return text === undefined
      ? []
      : [{ what: `Node ${object.name}`, message: text, at: within(object, ...path) }];
  };
  return [
    ...note('ASNumber', (value) =>
      value === textOf(asNumber)
        ? undefined
        : `it is in AS ${value}, but a topology has one AS for all nodes`,
    ),
    ...note(
      'RouteReflectorClusterID',
      (value) => `it is a route reflector (${value}), which a node of a topology cannot be`,
    ),
    ...TUNNELS.flatMap((name) =>
      note(name, (value) => `${name} ${value}: it has a tunnel, which a topology cannot express`).map(
        (one) => ({
          ...one,
          what: `tunnel of ${one.what}`,
        }),
      ),
    ),
  ];
}

/** Blocks of a removed node still reserve their addresses, and no node of the topology has them. */
function ofAffinity(object: ClusterObject, nodes: ReadonlySet<string>): Note[] {
  const [node, cidr] = ['node', 'cidr'].map((field) => textOf(fieldAt(object.value, ['spec', field]) ?? ''));
  if (
    node === undefined ||
    node === '' ||
    nodes.has(node) ||
    fieldAt(object.value, ['spec', 'type']) === 'virtual'
  )
    return [];
  const message = `the node ${node}, which was not given, has the block ${cidr}`;
  return [{ what: `BlockAffinity ${object.name}`, message, at: within(object, 'spec', 'node') }];
}
