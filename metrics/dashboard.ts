import { type Fabric, fnv1a } from '../fabric/index.ts';
import { DRIFT } from './drift.ts';
import { select } from './rule.ts';
import { BIRD, FELIX, IPAM, OWN } from './series.ts';

/** Of Grafana 10 and later; older ones convert what they know. */
const SCHEMA = 39;

/** Grafana's dashboard model, as far as it is used here. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly [key: string]: unknown;
}

/** A panel without its place. */
interface Sketch {
  readonly title: string;
  readonly type: 'stat' | 'table' | 'timeseries';
  readonly targets: readonly Target[];
  readonly fieldConfig?: unknown;
  readonly transformations?: unknown;
}

interface Panel extends Sketch {
  readonly id: number;
  readonly gridPos: Place;
  readonly datasource: typeof SOURCE;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface Query {
  readonly expr: string;
  readonly legendFormat?: string;
}

interface Target extends Query {
  readonly refId: string;
  readonly datasource: typeof SOURCE;
}

/** The variable through which whoever imports the dashboard chooses a Prometheus. */
const SOURCE = { type: 'prometheus', uid: '${source}' } as const;

export function dashboard(fabric: Fabric): Dashboard {
  return {
    uid: identifier(fabric.name),
    title: `Pod network of ${fabric.name}`,
    description: 'Rendered by noencap: edit topology.yaml instead.',
    tags: ['noencap'],
    schemaVersion: SCHEMA,
    editable: false,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [{ name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' }] },
    panels: panels(fabric),
  };
}

/** Grafana takes at most 40 characters. */
const identifier = (name: string): string =>
  name.length <= 32
    ? `noencap-${name}`
    : `noencap-${name.slice(0, 23)}-${fnv1a(name).toString(16).padStart(8, '0')}`;

/** From what is wrong now to what was: a row of numbers, what is down, then the course of time. */
function panels(fabric: Fabric): Panel[] {
  const own = (series: string, ...more: readonly string[]) => select(series, fabric, ...more);
  const stats = [
    stat('Routers unseen', `count(${own(OWN.seen)} == 0) or vector(0)`, 'zero'),
    stat('Sessions expected', `count(${own(OWN.sessions)}) or vector(0)`),
    stat('Sessions down', `count(${own(OWN.up)} == 0) or vector(0)`, 'zero'),
    stat('Sessions unknown', `count(${own(OWN.sessions)} unless ${own(OWN.up)}) or vector(0)`, 'zero'),
    stat(
      'Sessions short of routes',
      `count(${own(OWN.routesThere)} < ${own(OWN.routesExpected)}) or vector(0)`,
      'zero',
    ),
    stat(
      'Alerts',
      `count(ALERTS{alertstate="firing",alertname=~"Noencap.+",fabric="${fabric.name}"}) or vector(0)`,
      'zero',
    ),
  ];
  const rows: Sketch[] = [
    table('Sessions that are down, and what BIRD says', `${own(BIRD.up, 'proto="BGP"', 'state!=""')} == 0`, [
      'router',
      'name',
      'ip_version',
      'state',
    ]),
    table('Routes expected and missing', `${own(OWN.routesExpected)} - ${own(OWN.routesThere)} > 0`, [
      'router',
      'peer',
      'ip_version',
    ]),
    course('Sessions up, by router', [
      { expr: `sum by (router) (${own(OWN.up)})`, legendFormat: '{{router}} up' },
      { expr: `count by (router) (${own(OWN.sessions)})`, legendFormat: '{{router}} expected' },
    ]),
    course('Routes, by router', [
      { expr: `sum by (router) (${own(OWN.routesThere)})`, legendFormat: '{{router}} there' },
      { expr: `sum by (router) (${own(OWN.routesExpected)})`, legendFormat: '{{router}} expected' },
    ]),
    course(
      'Age of the configuration that BIRD runs, and of the last delivery',
      [
        { expr: own(OWN.age), legendFormat: '{{router}} configuration' },
        { expr: own(OWN.deliveryAge), legendFormat: '{{router}} delivery' },
      ],
      's',
    ),
    course('Not what git says', drift(fabric)),
    course('Blocks, by node', [{ expr: `sum by (peer) (${own(OWN.blocks)})`, legendFormat: '{{peer}}' }]),
    course('Borrowed addresses, and failures of Felix', [
      { expr: `sum by (node) (${own(IPAM.borrowed)}) > 0`, legendFormat: '{{node}} borrows' },
      { expr: `sum by (instance) (rate(${FELIX.failures}[5m])) > 0`, legendFormat: '{{instance}} failures' },
    ]),
  ];
  return [
    ...stats.map((one, at) => placed(one, at + 1, { x: at * 4, y: 0, w: 4, h: 4 })),
    ...rows.map((one, at) =>
      placed(one, stats.length + at + 1, { x: (at % 2) * 12, y: 4 + Math.floor(at / 2) * 8, w: 12, h: 8 }),
    ),
  ];
}

const drift = ({ gitops }: Fabric): Query[] =>
  DRIFT.filter(({ engine }) => gitops.engine === 'both' || gitops.engine === engine).map(({ expr }) => ({
    expr,
    legendFormat: '{{name}}',
  }));

const placed = (sketch: Sketch, id: number, gridPos: Place): Panel => ({
  id,
  gridPos,
  datasource: SOURCE,
  ...sketch,
});

const targets = (queries: readonly Query[], more: Readonly<Record<string, unknown>> = {}): Target[] =>
  queries.map((query, at) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + at),
    datasource: SOURCE,
    ...query,
    ...more,
  }));

const NOW = { instant: true, range: false } as const;

/** `zero`: anything else is red. */
const stat = (title: string, expr: string, good?: 'zero'): Sketch => ({
  title,
  type: 'stat',
  targets: targets([{ expr }], NOW),
  fieldConfig: {
    defaults: {
      thresholds: {
        mode: 'absolute',
        steps: [
          { color: good === 'zero' ? 'green' : 'text', value: null },
          ...(good === 'zero' ? [{ color: 'red', value: 1 }] : []),
        ],
      },
    },
    overrides: [],
  },
});

const table = (title: string, expr: string, columns: readonly string[]): Sketch => ({
  title,
  type: 'table',
  targets: targets([{ expr }], { ...NOW, format: 'table' }),
  transformations: [{ id: 'filterFieldsByName', options: { include: { names: [...columns, 'Value'] } } }],
});

const course = (title: string, queries: readonly Query[], unit = 'short'): Sketch => ({
  title,
  type: 'timeseries',
  targets: targets(queries),
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
});
