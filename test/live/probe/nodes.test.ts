import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Lab } from '../../../lab/index.ts';
import { documentIn, scratch } from '../../cli/run.ts';
import { reportText } from '../../fixture/report.ts';
import { mustHave } from '../../installed.ts';
import { booted, report, scenario } from '../../lab/labs.ts';
import { type ApiServer, startApiServer } from '../cluster/api-server.ts';
import { node } from '../cluster/report-cluster.ts';
import { type Kubelets, kubelets, NEWER_PING } from './kubelet.ts';

/** `noencap mtu` on the nodes of a lab: real packets of the real program. */
scenario('the MTU between nodes of the report', () => {
  let lab: Lab;
  let server: ApiServer;
  let cluster: Kubelets;
  let folder: string;
  beforeAll(async () => {
    mustHave('ping', 'setpriv');
    lab = await booted(report());
    const nodes = lab.fabric.nodes.map(({ name, region, address }) =>
      node(name, region, address.ipv4?.text ?? ''),
    );
    server = await startApiServer(new Map([['/api/v1/nodes', nodes]]));
    cluster = kubelets(server, lab);
  });
  afterAll(async () => {
    await server?.close();
    await lab?.holder.end();
  });
  beforeEach(() => {
    folder = scratch();
    topology(reportText());
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const file = () => join(folder, 'topology.yaml');
  const topology = (text: string) => writeFileSync(file(), text);

  /** Until it ends; this process is the API server meanwhile. */
  async function mtu(...args: readonly string[]) {
    const child = spawn(process.execPath, [resolve('bin/noencap'), 'mtu', '--image', NEWER_PING, ...args], {
      cwd: folder,
      env: process.env,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const code = await new Promise<number | null>((done) => child.on('close', done));
    return { code, stdout, stderr };
  }

  /** With a fault, and without it afterwards. */
  async function meanwhile<T>(
    fault: readonly string[],
    mend: readonly string[],
    work: () => Promise<T>,
  ): Promise<T> {
    const run = async (commands: readonly string[]) => {
      const { code, stderr } = await lab.holder.run(['set -e', ...commands].join('\n'));
      if (code !== 0) throw new Error(stderr);
    };
    await run(fault);
    try {
      return await work();
    } finally {
      await run(mend);
    }
  }

  const port = (host: string) => {
    const found = lab.plan.segments
      .find(({ name }) => name === 'iepl')
      ?.ports.find((one) => one.host === host);
    if (found === undefined) throw new Error(`${host} is not on iepl`);
    return found;
  };
  /** A carrier that is narrower than the interfaces at its ends. */
  const carrier = (bytes: number) =>
    ['cn-ns', 'global-ns'].map((host) => `ip link set ${port(host).port} mtu ${bytes}`);
  const interfaces = (bytes: number) =>
    ['cn-ns', 'global-ns'].map((host) => `ip -n ${host} link set ${port(host).interface} mtu ${bytes}`);

  test('as written: nothing to do, and nothing is left', async () => {
    const { code, stdout } = await mtu();
    expect(stdout).toBe(`packets between nodes
  kubemaster to kubenode-wds-1/ipv4: 1500 bytes
  kubemaster to kubenode-hkg04/ipv4: 1420 bytes
  kubenode-wds-1 to kubemaster/ipv4: 1500 bytes
  kubenode-wds-1 to kubenode-hkg04/ipv4: 1420 bytes
  kubenode-hkg04 to kubemaster/ipv4: 1420 bytes
  kubenode-hkg04 to kubenode-wds-1/ipv4: 1420 bytes

home: pods.mtu is 1370: 1420 bytes pass everywhere, 50 more than it needs.
`);
    expect(code).toBe(0);
    expect(cluster.namespaces()).toEqual([]);
  });

  test('the field report: 1420 nominal, 1380 real, 1370 proposed; --write keeps every comment', async () => {
    const before = reportText().replace('mtu: 1370', 'mtu: 1420   # what ZeroTier says');
    topology(before);
    const { code, stdout } = await meanwhile(carrier(1380), carrier(1420), () => mtu('--write'));
    expect(code).toBe(1);
    expect(
      stdout,
    ).toContain(`  narrower iepl from cn-ns to global-ns: 1380 bytes, 1420 in the topology; larger packets are dropped without an ICMP error
    from kubemaster, 1381 bytes: 1 gateway, 2 cn-ns
    the topology has 1420 for iepl
`);
    expect(
      stdout,
    ).toContain(`home: pods.mtu is 1420. Set it to 1370: at most 1380 bytes pass from kubemaster to kubenode-hkg04 (IPv4); since that is measured and nobody's setting, the next multiple of ten below it.
topology.yaml: underlay.segments.iepl.mtu is 1380 now, not 1420
topology.yaml: pods.mtu is 1370 now, not 1420
`);
    const [, name = ''] = /( *iepl: .*)/.exec(before) ?? [];
    expect(readFileSync(file(), 'utf8')).toBe(
      before.replace('mtu: 1420   #', 'mtu: 1370   #').replace(name, name.replace('mtu: 1420', 'mtu: 1380')),
    );
  });

  test('a router that says so; and as a document', async () => {
    const { code, stdout } = await meanwhile(interfaces(1400), interfaces(1420), () => mtu('--json'));
    expect(code).toBe(1);
    const { links, pods, edits } = documentIn(stdout);
    expect(links).toEqual(
      [
        ['cn-ns', 'global-ns'],
        ['global-ns', 'cn-ns'],
      ].map(([from, to]) => ({
        segment: 'iepl',
        from,
        to,
        found: 1400,
        written: 1420,
        silent: false,
        evidence: [
          expect.stringContaining('Frag needed and DF set (mtu = 1400)'),
          'the topology has 1420 for iepl',
        ],
      })),
    );
    expect(pods).toEqual({
      now: 1370,
      least: 1400,
      reason: '1400 bytes pass everywhere, 30 more than it needs',
    });
    expect(edits).toEqual([]);
  });

  test('with auto, only the segment is corrected', async () => {
    topology(reportText().replace('mtu: 1370', 'mtu: auto'));
    const { stdout } = await meanwhile(carrier(1380), carrier(1420), () => mtu('--write', '--json'));
    expect(documentIn(stdout).edits).toEqual([
      { path: 'underlay.segments.iepl.mtu', before: 1420, after: 1380 },
    ]);
    expect(readFileSync(file(), 'utf8')).toContain('mtu: auto');
  });

  test('a node whose own interface is narrower', async () => {
    const own = lab.plan.hosts.find(({ name }) => name === 'kubemaster')?.interfaces[0]?.name;
    const set = (bytes: number) => [`ip -n kubemaster link set ${own} mtu ${bytes}`];
    const { stdout } = await meanwhile(set(1400), set(1500), () => mtu());
    expect(stdout).toContain(
      '  narrower wds-lan from kubemaster: 1400 bytes, 1500 in the topology\n    kubemaster sends none that is larger\n',
    );
  });

  test('without a cluster all is unknown', async () => {
    const { code, stdout } = await mtu('--context', 'elsewhere');
    expect(code).toBe(3);
    expect(stdout).toContain('  unknown all pairs: the kubeconfig: ');
    expect(stdout).toContain('home: pods.mtu is 1370: no packet has shown what fits.\n');
  });
});
