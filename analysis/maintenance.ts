import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { defaultRoutes, gatewaysOf } from '../fabric/index.ts';
import { analyse } from './analysis.ts';
import { type ChangedPair, failureReport } from './failure-report.ts';

/**
 * Pods that lose packets while a router is away, for want of another way: nothing that is done before can help them. `absent` routers are
 * away already, and what that costs does not count. Nodes that are alike are told once, except for those that are to be told `apart`.
 */
export function cutOffWithout(
  fabric: Fabric,
  router: string,
  {
    absent = [],
    apart = [],
  }: { readonly absent?: readonly string[]; readonly apart?: readonly string[] } = {},
): readonly ChangedPair[] {
  const analysis = analyse(fabric, apart);
  const broken = (names: readonly string[]) =>
    failureReport(
      analysis,
      names.map((name) => ({ kind: 'router', name })),
    ).changes.filter(({ becomes }) => becomes !== 'worse');
  const key = ({ from, prefix, becomes }: ChangedPair) => `${from} ${prefix} ${becomes}`;
  const before = new Set(absent.length === 0 ? [] : broken(absent).map(key));
  return broken([...absent, router]).filter((one) => !before.has(key(one)));
}

/** What goes on to lead through a router although BGP and OSPF keep traffic away from it: nothing that noencap renders there decides it. */
export function staysAt(fabric: Fabric, router: RouterSpeaker): string[] {
  const gateways = gatewaysOf(fabric);
  const nodes = fabric.nodes.filter(
    (node) => node.defaultRouter === router.name && defaultRoutes(node, gateways).length > 0,
  );
  const hosts = fabric.hosts.filter(({ routes }) => routes.some(({ to }) => to === router.name));
  return [
    ...(nodes.length === 0
      ? []
      : [
          `the default route of ${some(nodes)}, which is static: packets to what BGP does not announce (API server, registries, the outside). If that address is a virtual one (VRRP), move it first`,
        ]),
    ...(hosts.length === 0 ? [] : [`static routes of ${some(hosts)}`]),
    ...(router.bird.mode === 'standalone'
      ? []
      : [
          'the OSPF of its own bird.conf, which is not noencap\'s (bird.mode: include): packets between others still take their way through it. To end that: stub router yes; in its "protocol ospf"',
        ]),
  ];
}

/** Nobody reads more names than this. */
const MOST = 5;

const some = (machines: readonly { readonly name: string }[]): string =>
  `${machines
    .slice(0, MOST)
    .map(({ name }) => name)
    .join(', ')}${machines.length > MOST ? ` and ${machines.length - MOST} more` : ''}`;
