import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { dashboard, routerTargets, ruleFiles } from '../../metrics/index.ts';
import { DELIVERY } from '../../metrics/series.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { dualStack, report } from '../charts/topologies.ts';
import { fabricOf } from '../fabric-of.ts';

const fabric = (topology: TopologyInput) => fabricOf({ ...topology, metrics: {} });

const { underlay: _, ...withoutUnderlay } = report;

/** A region whose names are as long as they may be. */
const large = (nodes: number): TopologyInput => ({
  ...withoutUnderlay,
  nodes: Object.fromEntries(
    Array.from({ length: nodes }, (_, at) => [
      `${'n'.repeat(51)}-${`${at}`.padStart(5, '0')}`,
      {
        region: 'WDS',
        role: at === 0 ? 'server' : 'agent',
        address: `10.99.${at >> 8}.${at & 255}`,
      } as const,
    ]),
  ),
});

test('each PrometheusRule stays below half a MiB, which the Prometheus Operator refuses to exceed', () => {
  const files = ruleFiles(fabric(large(3000)));
  expect(files.map(({ name }) => name)).toContain('noencap-sessions-gateway.3');
  for (const { groups } of files) expect(Buffer.byteLength(stringify({ groups }))).toBeLessThan(512 * 1024);
});

test('a new node changes the rules of its routers, and the list of nodes', () => {
  const text = (topology: TopologyInput) =>
    new Map(ruleFiles(fabric(topology)).map(({ name, groups }) => [name, stringify({ groups })]));
  const [before, after] = [text(large(5)), text(large(6))];
  const changed = [...after].filter(([name, rules]) => before.get(name) !== rules).map(([name]) => name);
  // Other routers expect its block over the backbone.
  expect(changed).toEqual([
    'noencap-topology',
    'noencap-sessions-cn-ns',
    'noencap-sessions-gateway',
    'noencap-sessions-global-ns',
  ]);
});

test('routers are scraped at their addresses, with the labels that the rules select by', () => {
  expect(routerTargets(fabric(report))).toEqual([
    { target: '[fd18:3e15:61d0:cafe:f001::1]:9324', labels: { fabric: 'home', router: 'cn-ns' } },
    { target: '192.168.100.1:9324', labels: { fabric: 'home', router: 'gateway' } },
    { target: '100.64.1.106:9324', labels: { fabric: 'home', router: 'global-ns' } },
  ]);
});

describe('The dashboard', () => {
  test.each([
    ['the report', report],
    ['dual stack', { ...dualStack, name: 'n'.repeat(63) }],
  ] as const)('of %s has panels that do not overlap, each with a query', (_name, topology) => {
    const { panels, uid } = dashboard(fabric(topology));
    expect(uid.length).toBeLessThanOrEqual(40);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...cells.map((cell) => Number(cell.split(' ')[0])))).toBeLessThan(24);
    for (const { targets } of panels) expect(targets.length).toBeGreaterThan(0);
  });

  test('reads only what the rules record, or what an exporter publishes', () => {
    const recorded = ruleFiles(fabric(report)).flatMap(({ groups }) =>
      groups.flatMap(({ rules }) => rules.flatMap((rule) => ('record' in rule ? [rule.record] : []))),
    );
    const read = dashboard(fabric(report)).panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => expr.match(/noencap:[a-z_:]+/g) ?? []),
    );
    expect(read.filter((name) => !recorded.includes(name))).toEqual([]);
    expect(read.length).toBeGreaterThan(5);
  });
});

describe('The script of the page, for the textfile collector', () => {
  const page = readFileSync(join('docs', 'metrics.md'), 'utf8');
  const script = /^```bash\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'noencap-textfile-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const written = (state: string): string | undefined => {
    const [from, out] = [join(folder, 'state'), join(folder, 'noencap.prom')];
    writeFileSync(from, state);
    utimesSync(from, 1_700_000_000, 1_700_000_000);
    const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', from, out], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(existsSync(`${out}.new`)).toBe(false);
    return existsSync(out) ? readFileSync(out, 'utf8') : undefined;
  };

  test('writes when the last delivery was confirmed, with the labels that the rules select by', () => {
    expect(written('shipped 0123456789abcdef\n')).toBe(
      `${DELIVERY.delivered}{fabric="home",router="gateway"} 1700000000\n`,
    );
  });

  test('says since when a router is drained, as long as it is', () => {
    mkdirSync(join(folder, 'live', 'k3s'), { recursive: true });
    writeFileSync(join(folder, 'live', 'k3s', 'drained'), '2023-11-14T22:13:20Z test@desk\n');
    const lines = [`${DELIVERY.delivered}`, `${DELIVERY.drained}`].map(
      (name) => `${name}{fabric="home",router="gateway"} 1700000000\n`,
    );
    expect(written('shipped 0123456789abcdef\n')).toBe(lines.join(''));
    rmSync(join(folder, 'live'), { recursive: true });
    expect(written('shipped 0123456789abcdef\n')).toBe(lines[0]);
  });

  test('says nothing while a change is under way', () => {
    expect(written('applying 0123456789abcdef\n')).toBeUndefined();
  });
});

test('the page has a row for each alert, and no other', () => {
  const rows = [...readFileSync(join('docs', 'metrics.md'), 'utf8').matchAll(/^\| `(Noencap\w+)` \|/gm)];
  const all = ruleFiles(fabric({ ...report, bgp: { ...report.bgp, exportBorrowed: false } })).flatMap(
    ({ groups }) =>
      groups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))),
  );
  expect(rows.map(([, name]) => name).sort()).toEqual([...new Set(all)].sort());
});
