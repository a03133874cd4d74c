import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportText } from '../fixture/report.ts';
import { type ApiServer, startApiServer } from '../live/cluster/api-server.ts';
import { node, reportCluster } from '../live/cluster/report-cluster.ts';
import { gitIn, scratch } from './run.ts';
import { noencapMeanwhile } from './run-async.ts';

let folder: string;
let server: ApiServer | undefined;
beforeEach(() => {
  folder = scratch();
  writeFileSync(join(folder, 'topology.yaml'), reportText());
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

const status = (...args: readonly string[]) =>
  noencapMeanwhile(folder, ['status', ...args], { PATH: `${folder}:${process.env.PATH}` });

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnsYjdkp0X7n9BXaP1EJ0iNd0J7FHGpQh1qXnVb1z0c';

/** An ssh that does this in place of connecting. */
function sshThat(does: string): void {
  writeFileSync(
    join(folder, 'known_hosts'),
    ['gateway', 'cn-ns', 'global-ns'].map((one) => `${one} ${KEY}\n`).join(''),
  );
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
}

test('with neither SSH nor a cluster, nor git: the network, why the rest is unknown, and what to run', async () => {
  const env = { KUBECONFIG: join(folder, 'none') };
  const { code, stdout } = await noencapMeanwhile(folder, ['status'], env);
  expect(code).toBe(3);
  expect(stdout).toContain('WDS       gateway       unknown, of 2\n');
  expect(stdout).toContain('  cn-ns, gateway, global-ns: known_hosts has no host key for cn-ns (24)\n');
  expect(stdout).toContain('    next: bin/noencap ship --check cn-ns\n');
  expect(stdout).toContain('    next: kubectl config get-contexts\n');
  expect(stdout).toContain('  git does not say what changed\n');
  expect(stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('    next: '))).toEqual([]);
});

test('a cluster on a bad night: nodes, what differs, what changed last', async () => {
  server = await startApiServer(
    reportCluster({
      '/api/v1/nodes': { 'kubenode-hkg04': node('kubenode-hkg04', undefined, '10.2.5.7', '10.2.5.7/32') },
    }),
  );
  gitIn(folder, 'init', '-q');
  gitIn(folder, 'add', '.');
  gitIn(folder, 'commit', '-qm', 'Describe the network');
  writeFileSync(join(folder, 'topology.yaml'), `${reportText()}# more\n`);
  const { code, stdout } = await status('--no-routers');
  expect(code).toBe(1);
  expect(stdout).toContain('WDS       gateway       2 of 2\n');
  expect(stdout).toContain('  kubenode-hkg04: no label region, expected region=Global\n');
  expect(stdout).toContain('    next: kubectl label node kubenode-hkg04 region=Global\n');
  expect(stdout).toMatch(/ {2}[0-9a-f]{7} \d{4}-\d\d-\d\d \d\d:\d\dZ Describe the network\n/);
  expect(stdout).toContain('  changed since the last commit\n    next: git diff -- topology.yaml\n');
  const document = JSON.parse((await status('--no-routers', '--json')).stdout);
  expect(document).toMatchObject({ ok: false, uncommitted: true, cluster: { context: 'home' } });
  expect(document.changes).toMatchObject([{ subject: 'Describe the network' }]);
  expect(new Set(document.verdicts.map(({ is }: { is: string }) => is))).not.toContain('as-promised');
});

test('routers and a cluster that never answer are unknown in time, and the rest is told', async () => {
  sshThat('exec sleep 600');
  server = await startApiServer(reportCluster());
  server.intercept = () => 'hang';
  const { code, stdout } = await status('--within', '1');
  expect(code).toBe(3);
  expect(stdout).toContain('cn-ns, gateway, global-ns: no answer within 1 s');
  expect(stdout.replace(/\s+/g, ' ')).toContain('does not answer in time');
  expect(stdout).toContain('\ncheck\n');
});

test('a program that does not come back with credentials is no reason to wait', async () => {
  server = await startApiServer(reportCluster());
  const slow = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sleep',
    args: ['4'],
    interactiveMode: 'Never',
  };
  server.use({ user: { exec: slow } });
  const { code, stdout } = await status('--no-routers', '--within', '1');
  expect(code).toBe(3);
  expect(stdout.replace(/\s+/g, ' ')).toContain('the API server does not answer in time');
});

test('a topology with an error of check differs, whatever else is unknown', async () => {
  writeFileSync(join(folder, 'topology.yaml'), reportText().replace(/mtu: 1370.*$/m, 'mtu: 1500'));
  const { code, stdout } = await status('--no-routers', '--no-cluster');
  expect(code).toBe(1);
  expect(stdout).toMatch(/^home: 0 differ, 0 unknown, 0 as promised, 1 error of check\n/);
  expect(stdout).toMatch(/\ncheck\n {2}NE301 /);
});
