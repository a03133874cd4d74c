import { type Fabric, poolName } from '../fabric/index.ts';
import { type RecordingRule, select } from './rule.ts';
import { BIRD, DELIVERY, IPAM, ipVersion, OWN } from './series.ts';

/** The labels that a session's channel has in the topology's constants and in bird_exporter's series. */
const CHANNEL = 'router, name, ip_version';

/** What exporters say, with the topology's labels: peer and kind of session. What no exporter tells has no sample, or the topology's own number. */
export function stateRules(fabric: Fabric): RecordingRule[] {
  const own = (series: string, ...more: readonly string[]) => select(series, fabric, ...more);
  const labels = { fabric: fabric.name };
  const ofChannel = (series: string, ...which: readonly string[]) =>
    `${own(OWN.sessions, ...which)} * on (${CHANNEL}) group_left () max by (${CHANNEL}) (${own(series, 'proto="BGP"')})`;
  const ageOf = (series: string) =>
    `${own(OWN.routers)} * on (router) group_left () (time() - max by (router) (${own(series)}))`;
  return [
    { record: OWN.sessions, expr: `${own(OWN.routesPromised)} >= bool 0` },
    { record: OWN.up, expr: ofChannel(BIRD.up) },
    { record: OWN.routesThere, expr: ofChannel(BIRD.imported) },
    ...fabric.pods.families.map((family): RecordingRule => {
      const pools = fabric.pods.pools.filter(({ cidr }) => cidr.family === family);
      const names = pools.map((pool) => poolName(fabric, pool)).join('|');
      // Two replicas of kube-controllers must not count twice, and a node without blocks has no series.
      const counted = `max by (node, ippool) (${own(IPAM.blocks, `ippool=~"${names}"`)})`;
      return {
        record: OWN.blocks,
        expr: `sum by (peer) (label_replace(${counted}, "peer", "$1", "node", "(.+)"))
or on (peer) (0 * ${own(OWN.nodes)} and on () ${own(IPAM.poolSize)})`,
        labels: { ...labels, ip_version: ipVersion(family) },
      };
    }),
    {
      // RFC 4456 section 6: a router sends to another what its clients announced, the best of it. Counting that, and not what clients should
      // announce, tells a route that is lost between routers from one that never came.
      record: OWN.routesReflected,
      expr: `label_replace(sum by (router, ip_version) (${ofChannel(BIRD.preferred, 'kind="reflector"')}), "peer", "$1", "router", "(.+)")`,
      labels,
    },
    {
      record: OWN.routesExpected,
      expr: `0 * ${own(OWN.routesPromised, 'kind="reflector"', 'filtered=""')} + on (peer, ip_version) group_left () ${own(OWN.blocks)}
or 0 * ${own(OWN.routesPromised, 'kind="backbone"')} + on (peer, ip_version) group_left () ${own(OWN.routesReflected)}
or ${own(OWN.routesPromised)}`,
    },
    {
      record: OWN.seen,
      expr: `(${own(OWN.routers)} and on (router) ${own(BIRD.up)})
or 0 * ${own(OWN.routers)}`,
    },
    { record: OWN.age, expr: ageOf(BIRD.reconfigured) },
    { record: OWN.deliveryAge, expr: ageOf(DELIVERY.delivered) },
  ];
}
