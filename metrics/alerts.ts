import { type Fabric, PROTOCOL_PREFIX } from '../fabric/index.ts';
import type { Gitops } from '../topology/model.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { DRIFT } from './drift.ts';
import { type AlertingRule, select } from './rule.ts';
import { BIRD, DELIVERY, IPAM, OWN } from './series.ts';

type Severity = 'critical' | 'warning' | 'info';

/** One alert for each fault, and the command that tells more. */
export function alerts(fabric: Fabric): AlertingRule[] {
  const own = (series: string, ...more: readonly string[]) => select(series, fabric, ...more);
  return [
    ...routerAlerts(own),
    ...sessionAlerts(fabric, own),
    ...routeAlerts(own),
    ...blockAlerts(fabric, own),
    ...driftAlerts(fabric.gitops.engine),
  ].map((alert) => ({ ...alert, labels: { ...alert.labels, fabric: fabric.name } }));
}

type Select = (series: string, ...more: readonly string[]) => string;

function alert(
  name: string,
  severity: Severity,
  expr: string,
  duration: string,
  words: AlertingRule['annotations'],
): AlertingRule {
  return { alert: `Noencap${name}`, expr, for: duration, labels: { severity }, annotations: words };
}

const ROUTER = '{{ $labels.router }}';
const PEER = '{{ $labels.peer }}';
const VERIFY_ROUTER = `${NOENCAP} verify --router ${ROUTER}`;

/** BIRD loads a delivery before it is confirmed and recorded; a start of BIRD loads what is there. */
const RECORDED_WITHIN = 60;

/** Seconds: more than maintenance takes. */
const FORGOTTEN = 4 * 3600;

function routerAlerts(own: Select): AlertingRule[] {
  const latest = (series: string) => `max by (router) (${own(series)})`;
  const reconfigured = latest(BIRD.reconfigured);
  return [
    alert('RouterUnseen', 'warning', `${own(OWN.seen)} == 0`, '5m', {
      summary: `Nothing is known of ${ROUTER}`,
      description: `No metrics of BIRD arrive from ${ROUTER}: it is unreachable, bird_exporter does not run there, or BIRD does not. Sessions and routes of this router are unknown, not fine.`,
      next: VERIFY_ROUTER,
    }),
    alert(
      'RouterReconfigured',
      'warning',
      `${reconfigured} > ${latest(DELIVERY.delivered)} + ${RECORDED_WITHIN} and ${reconfigured} > ${latest(BIRD.started)}`,
      '5m',
      {
        summary: `${ROUTER} loaded a configuration that was not delivered`,
        description: `BIRD on ${ROUTER} was reconfigured after the last delivery: by hand, or BIRD undid a change whose time was up.`,
        next: `${NOENCAP} ship --check ${ROUTER}`,
      },
    ),
    alert('RouterDrained', 'warning', `time() - ${latest(DELIVERY.drained)} > ${FORGOTTEN}`, '0m', {
      summary: `${ROUTER} is still drained`,
      description: `Traffic is kept away from ${ROUTER} for {{ $value | humanizeDuration }}: whoever drained it may have forgotten it, and nothing takes over for the others.`,
      next: `${NOENCAP} undrain ${ROUTER}`,
    }),
  ];
}

/** The state that BIRD shows, with its last error. It changes too often to be a label: each change would restart the wait. */
const birdSays = (fabric: Fabric): string =>
  `{{ with printf "${BIRD.up}{fabric=\\"${fabric.name}\\",router=%q,name=%q,state!=\\"\\"}" $labels.router $labels.name | query }}BIRD says: {{ . | first | label "state" }}.{{ else }}BIRD gives no reason.{{ end }}`;

function sessionAlerts(fabric: Fabric, own: Select): AlertingRule[] {
  const expected = own(OWN.sessions);
  const ofNode = 'kind="reflector"';
  const isSeen = `on (router) (${own(OWN.seen)} == 1)`;
  return [
    alert('SessionDown', 'warning', `${own(OWN.up)} == 0`, '2m', {
      summary: `${ROUTER} has no session with ${PEER}`,
      description: `{{ $labels.name }} on ${ROUTER} is not Established. ${birdSays(fabric)}`,
      next: VERIFY_ROUTER,
    }),
    alert(
      'NodeCutOff',
      'critical',
      // Not while a router is unseen: its session with the node may be up.
      `max by (peer, ip_version) (${own(OWN.up, ofNode)}) == 0 unless on (peer, ip_version) (${own(OWN.sessions, ofNode)} unless ${own(OWN.up, ofNode)})`,
      '1m',
      {
        summary: `${PEER} has no session with any router`,
        description: `Every IPv{{ $labels.ip_version }} session of ${PEER} is down: pods elsewhere do not reach its pods, except over Calico's own mesh.`,
        next: `${NOENCAP} verify --node ${PEER}`,
      },
    ),
    alert('SessionAbsent', 'warning', `(${expected} unless ${own(OWN.up)}) and ${isSeen}`, '5m', {
      summary: `${ROUTER} is not configured for ${PEER}`,
      description: `BIRD on ${ROUTER} runs without {{ $labels.name }} (IPv{{ $labels.ip_version }}), which the topology has: the last change was not delivered, or was undone.`,
      next: `${NOENCAP} ship --check ${ROUTER}`,
    }),
    alert('SessionFlaps', 'warning', `changes(${own(OWN.up)}[30m]) >= 4`, '0m', {
      summary: `The session of ${ROUTER} with ${PEER} goes up and down`,
      description: `{{ $labels.name }} on ${ROUTER} changed {{ $value }} times in half an hour. ${birdSays(fabric)}`,
      next: VERIFY_ROUTER,
    }),
    alert(
      'SessionUnexpected',
      'warning',
      `max by (router, name) (${own(BIRD.up, 'proto="BGP"', `name=~"${PROTOCOL_PREFIX}.+"`)}) unless on (router, name) ${expected}`,
      '15m',
      {
        summary: `${ROUTER} has a session that is not in the topology`,
        description: `{{ $labels.name }} on ${ROUTER} is named like a session of noencap, but ${fabric.name} has none of that name: edited by hand, or its removal was not delivered.`,
        next: `${NOENCAP} ship --check ${ROUTER}`,
      },
    ),
  ];
}

const routeAlerts = (own: Select): AlertingRule[] => [
  alert(
    'RoutesMissing',
    'warning',
    `${own(OWN.routesThere)} < ${own(OWN.routesExpected)} and ${own(OWN.up)} == 1`,
    '5m',
    {
      summary: `${ROUTER} lacks routes from ${PEER}`,
      description: `{{ $labels.name }} on ${ROUTER} is Established, but of the IPv{{ $labels.ip_version }} routes that ${PEER} has to announce it imports only {{ $value }}: a filter rejects the others, or they are not announced.`,
      next: VERIFY_ROUTER,
    },
  ),
];

function blockAlerts(fabric: Fabric, own: Select): AlertingRule[] {
  const owner = '{{ $labels.node }}';
  const known = `label_replace(${own(OWN.nodes)}, "node", "$1", "peer", "(.+)")`;
  return [
    alert(
      'BlockStale',
      'warning',
      `sum by (node) (max by (node, ippool) (${own(IPAM.blocks, 'node!="no_affinity"')})) unless on (node) ${known}`,
      '30m',
      {
        summary: `${owner} has blocks and is not in the topology`,
        description: `Calico keeps {{ $value }} blocks for ${owner}: a node that was removed and left them behind, or one that joined by hand.`,
        next: `${NOENCAP} verify --node ${owner}`,
      },
    ),
    alert(
      'BlockOutsidePools',
      'warning',
      `sum by (node) (max by (node, ippool) (${own(IPAM.blocks, 'ippool="no_ippool"')})) > 0`,
      '30m',
      {
        summary: `${owner} has blocks of a pool that is gone`,
        description: `{{ $value }} of its blocks lie in no pool: routers reject their routes, and their pods are unreachable.`,
        next: `${NOENCAP} verify --node ${owner}`,
      },
    ),
    ...(fabric.bgp.exportBorrowed
      ? []
      : [
          alert(
            'AddressBorrowed',
            'warning',
            `sum by (node) (max by (node, ippool) (${own(IPAM.borrowed)})) > 0`,
            '5m',
            {
              summary: `Pods on ${owner} have addresses of other nodes' blocks`,
              description: `Borrowed addresses: {{ $value }}. bgp.exportBorrowed is false, so no router carries their routes.`,
              next: `${NOENCAP} check`,
            },
          ),
        ]),
    alert('BlocksUnseen', 'info', `absent(${own(IPAM.poolSize)})`, '30m', {
      summary: "Nothing is known of Calico's blocks",
      description:
        'No metrics of calico-kube-controllers arrive. How many routes a node must announce is taken from the topology, and stale blocks are unknown.',
      next: 'kubectl -n calico-system get service calico-kube-controllers-metrics',
    }),
  ];
}

/** What an engine has not applied. Both may have files; the one that does not run publishes nothing. */
function driftAlerts(engine: Gitops['engine']): AlertingRule[] {
  return DRIFT.filter((one) => engine === 'both' || engine === one.engine).map(({ engine, expr, next }) => {
    const rule = alert('ClusterDrift', 'warning', expr, '30m', {
      summary: '{{ $labels.name }} is not what git says',
      description:
        'The cluster differs from dist/cluster for half an hour: the sync fails, or somebody keeps changing an object.',
      next,
    });
    return { ...rule, labels: { ...rule.labels, engine } };
  });
}
