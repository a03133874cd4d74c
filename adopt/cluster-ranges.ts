import type { Fabric } from '../fabric/index.ts';
import { type Family, hostPrefix, type Prefix, parsePrefix } from '../topology/address.ts';
import type { Cluster } from './cluster.ts';
import { fieldAt, isFields, textOf } from './cluster-objects.ts';

/** The network that sample routes are made up for: what the topology knows, and what only today's cluster says. */
interface SampledNetwork {
  readonly fabric: Fabric;
  readonly cluster: Cluster;
}

/** Ranges of service addresses: the service network, and those in BGPConfigurations and pools. */
export function serviceRanges({ fabric, cluster }: SampledNetwork, family: Family): Prefix[] {
  const written = [
    ...advertisedServices(cluster),
    ...cluster
      .of('IPPool')
      .filter(({ value }) =>
        JSON.stringify(fieldAt(value, ['spec', 'allowedUses']) ?? '').includes('LoadBalancer'),
      )
      .map(({ value }) => textOf(fieldAt(value, ['spec', 'cidr']))),
  ];
  const parsed = written.flatMap((text) => {
    const one = parsePrefix(text);
    return one.ok ? [one.prefix] : [];
  });
  const all = [...fabric.services.cidrs, ...parsed].filter((one) => one.family === family);
  return [...new Map(all.map((one) => [one.text, one])).values()];
}

/** Service ranges that calico-node advertises to its peers. */
export const advertisedServices = (cluster: Cluster): string[] =>
  cluster.of('BGPConfiguration').flatMap(({ value }) =>
    ['serviceClusterIPs', 'serviceExternalIPs', 'serviceLoadBalancerIPs'].flatMap((field) => {
      const listed = fieldAt(value, ['spec', field]);
      return Array.isArray(listed) ? listed.filter(isFields).map((one) => textOf(one.cidr)) : [];
    }),
  );

/** Connected networks: segments, and the prefix length of calico-node's address. */
export function connectedNetworks({ fabric, cluster }: SampledNetwork, family: Family): Prefix[] {
  const annotation = family === 'ipv4' ? 'projectcalico.org/IPv4Address' : 'projectcalico.org/IPv6Address';
  const annotated = cluster
    .of('Node')
    .map(({ value }) => parsePrefix(textOf(fieldAt(value, ['metadata', 'annotations', annotation]))));
  const machines = [...fabric.routers, ...fabric.nodes].flatMap(({ attachments }) =>
    attachments.flatMap(({ cidr }) => cidr[family] ?? []),
  );
  const all = [
    ...machines,
    ...annotated.flatMap((one) => (one.ok ? [one.prefix] : (one.hostBits ?? []))),
    ...fabric.routers.flatMap(({ nodeAddress }) =>
      nodeAddress[family] === undefined ? [] : [hostPrefix(nodeAddress[family])],
    ),
  ];
  return [...new Map(all.map((one) => [one.text, one])).values()].slice(0, MOST_NETWORKS);
}

const MOST_NETWORKS = 32;
