import { stringify } from 'yaml';
import type { Fabric, FabricRegion, NodeSpeaker } from '../fabric/fabric.ts';
import type { IpAddress, Prefix } from '../topology/address.ts';

/** First line of each of our files in /etc/rancher/k3s: install.sh overwrites no others. */
export const MARK = '# Rendered by noencap from the topology; a change here is lost.';

/** Where install.sh stores the token given to a joining node. */
export const TOKEN_FILE = '/etc/rancher/k3s/noencap.token';

/** The servers, as far as a node's own files depend on them. */
export interface ControlPlane {
  /** Starts the cluster. */
  readonly first: NodeSpeaker;
  /** Further servers join it: it then starts with etcd instead of SQLite. */
  readonly several: boolean;
}

/** Throws if the fabric has no first server; a topology with nodes names one. */
export function controlPlane(fabric: Fabric): ControlPlane {
  const first = fabric.nodes.find((node) => node.name === fabric.k3s.firstServer);
  if (first === undefined) throw new Error(`the first server ${fabric.k3s.firstServer} is not a node`);
  return { first, several: fabric.nodes.some((node) => node.role === 'server' && node !== first) };
}

/** `/etc/rancher/k3s/config.yaml`: every key is a flag of `k3s server` or `k3s agent`. */
export function k3sConfig(node: NodeSpeaker, fabric: Fabric, { first, several }: ControlPlane): string {
  const joins = node !== first;
  const config = {
    'node-name': node.name,
    'node-ip': commaJoined(podFamilyAddresses(node, fabric)),
    'node-label': [`${fabric.regionLabel}=${node.region}`],
    ...(joins ? { server: joinUrl(node, first, fabric), 'token-file': TOKEN_FILE } : {}),
    ...(several && !joins ? { 'cluster-init': true } : {}),
    ...(node.role === 'server' ? clusterWide(fabric) : {}),
    ...(podsAreElsewhere(fabric) ? { 'kube-proxy-arg': PODS_BY_INTERFACE } : {}),
  };
  return `${MARK}
# Settings of your own go to config.yaml.d/: K3s reads those files after this one.
# node-label counts when the node registers; later changes of its region are the label Jobs' work.
${yaml(config)}`;
}

/** `/etc/rancher/k3s/registries.yaml`; undefined if the region has no mirrors. */
export function registries(region: FabricRegion): string | undefined {
  if (region.registryMirrors.length === 0) return undefined;
  const mirrors = Object.fromEntries(
    region.registryMirrors.map(({ registry, endpoints }) => [registry, { endpoint: endpoints }]),
  );
  return `${MARK}\n${yaml({ mirrors })}`;
}

/** Settings on which all servers must agree; otherwise K3s refuses a further server. */
function clusterWide(fabric: Fabric) {
  return {
    'flannel-backend': 'none',
    'disable-network-policy': true,
    'cluster-cidr': commaJoined(fabric.k3s.clusterCidrs),
    ...(fabric.services.cidrs.length > 0 ? { 'service-cidr': commaJoined(fabric.services.cidrs) } : {}),
    ...(nodeCidrsFit(fabric) ? {} : { 'kube-controller-manager-arg': ['allocate-node-cidrs=false'] }),
  };
}

/** Whether pods have addresses outside the ranges that Kubernetes was created with. */
const podsAreElsewhere = ({ pods, k3s }: Fabric): boolean =>
  pods.pools.some(({ cidr }) => !k3s.clusterCidrs.some(({ text }) => text === cidr.text));

/**
 * kube-proxy masquerades traffic to a service from outside the cluster CIDR, including pods of another pool, so policies see
 * a node instead of a pod. It can also recognise pods by the interface that Calico gives each, whatever their addresses.
 */
const PODS_BY_INTERFACE = ['detect-local-mode=InterfaceNamePrefix', 'pod-interface-name-prefix=cali'];

/**
 * Kubernetes assigns each node a /24 or /64 of the cluster CIDR, which Calico's IPAM does not use. If the pool has no
 * such part, or an IPv6 pool more than 2^16 of them, the controller manager exits with an error and K3s with it
 * (nodeipam's NewCIDRSet; k3s-io/k3s#7888): then this is disabled.
 */
function nodeCidrsFit(fabric: Fabric): boolean {
  return fabric.k3s.clusterCidrs.every(({ family, length }) =>
    family === 'ipv4' ? length <= 24 : length <= 64 && length >= 48,
  );
}

/** In the families of the pods, in their order: the first is the primary one everywhere in Kubernetes. */
const podFamilyAddresses = (node: NodeSpeaker, fabric: Fabric): IpAddress[] =>
  fabric.pods.families.flatMap((family) => node.address[family] ?? []);

/** The first server's URL for a node that joins, in the first family that both have. */
function joinUrl(node: NodeSpeaker, first: NodeSpeaker, fabric: Fabric): string {
  const reachable = podFamilyAddresses(first, fabric);
  const address = reachable.find(({ family }) => node.address[family] !== undefined) ?? reachable[0];
  if (address === undefined) throw new Error(`the first server ${first.name} has no address`);
  return address.family === 'ipv6' ? `https://[${address.text}]:6443` : `https://${address.text}:6443`;
}

const commaJoined = (values: readonly (IpAddress | Prefix)[]): string =>
  values.map((value) => value.text).join(',');

/** Quotes strings and ambiguous keys, since K3s' own parsers follow YAML 1.1 (`on`, `1:30`, `0x10`). */
const yaml = (value: unknown): string =>
  stringify(value, {
    compat: 'yaml-1.1',
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    lineWidth: 0,
  });
