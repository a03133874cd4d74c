import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { colours } from '../../cli/colour.ts';
import { driftText } from '../../cli/drift-text.ts';
import type { Drift } from '../../drift/index.ts';
import { UNPRINTABLE } from '../../topology/foreign.ts';
import { edited, syncedCluster } from '../drift/synced-cluster.ts';
import { REPORT } from '../fixture/report.ts';
import { type ApiServer, type Stored, startApiServer } from '../live/cluster/api-server.ts';
import { documentIn, noencapMeanwhile, type Run, scratch } from './run.ts';

const PEERS = '/apis/crd.projectcalico.org/v1/bgppeers';
const PEER = 'route-reflector-wds-gateway';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnsYjdkp0X7n9BXaP1EJ0iNd0J7FHGpQh1qXnVb1z0c';

let folder: string;
let server: ApiServer | undefined;
let kubeconfig: string;
beforeEach(() => {
  folder = scratch();
  for (const entry of ['topology.yaml', 'dist'])
    cpSync(join(REPORT, entry), join(folder, entry), { recursive: true });
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function cluster(change: (lists: Map<string, readonly Stored[]>) => void = () => {}): Promise<void> {
  const lists = syncedCluster();
  change(lists);
  server = await startApiServer(lists);
  kubeconfig = server.use();
}

const drift = (...args: readonly string[]): Promise<Run> =>
  noencapMeanwhile(folder, ['drift', ...args], {
    PATH: `${folder}:${process.env.PATH}`,
    HOME: folder,
    KUBECONFIG: kubeconfig,
  });

test('no drift is exit code 0', async () => {
  await cluster();
  expect(await drift('--no-routers')).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^home: no drift; \d\d objects are as in git\.\n$/),
    stderr: '',
  });
});

test('an edit is shown as diff shows a change, with who it was', async () => {
  await cluster((lists) => edited(lists, PEERS, PEER, { spec: { peerIP: '192.168.100.9' } }));
  const { code, stdout } = await drift('--no-routers');
  expect(code).toBe(1);
  expect(stdout).toMatch(
    new RegExp(`^cluster
  ~ BGPPeer ${PEER} differs; somebody wrote it \\(kubectl-edit\\), last at 2026-02-03T04:05:06Z
      spec.peerIP
        - 192.168.100.1
        \\+ 192.168.100.9
      next: kubectl get bgppeer.crd.projectcalico.org ${PEER} -o yaml --show-managed-fields

home: 1 object differs from git; \\d\\d objects are as in git.
$`),
  );
});

test('drift that is known counts before what is unknown; alone that is exit code 3', async () => {
  writeFileSync(join(folder, 'known_hosts'), `gateway ${KEY}\n`);
  writeFileSync(join(folder, 'ssh'), '#!/bin/sh\nexit 255\n', { mode: 0o755 });
  await cluster();
  const unknown = await drift();
  expect(unknown.code).toBe(3);
  expect(unknown.stdout).toContain('cn-ns: known_hosts has no host key for cn-ns');
  expect(unknown.stdout).toMatch(
    /home: no drift in what could be read; \d\d objects are as in git; 3 unknown\.\n$/,
  );
  server?.lists.set(PEERS, []);
  const { code, stdout } = await drift('--json');
  expect(code).toBe(1);
  const { ok, objects, unknown: rest } = documentIn(stdout);
  expect({ ok, objects: objects.length, unknown: rest.length }).toEqual({
    ok: false,
    objects: 3,
    unknown: 3,
  });
});

test('one router only: no cluster is asked', async () => {
  await cluster();
  const { code } = await drift('--router', 'gateway');
  expect({ code, asked: server?.asked }).toEqual({ code: 3, asked: [] });
});

test('a stale dist and a router that nobody has are bad input', async () => {
  await cluster();
  expect(await drift('--router', 'gatway')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"gateway"?'),
  });
  writeFileSync(join(folder, 'dist/routers/gateway/k3s/ibgp.conf'), 'edited');
  expect(await drift()).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(
      /^dist is stale: 1 file of cluster and routers differs.*ibgp\.conf first\.\nRun .*synth/,
    ),
  });
});

test('what a cluster or a router says stays in its line', () => {
  const hostile = 'x\n::error::y\u001b[31m\u202e';
  const told: Drift = {
    version: 1,
    command: 'drift',
    ok: false,
    network: hostile,
    commit: null,
    objects: [
      {
        id: { group: hostile, kind: hostile, namespace: hostile, name: hostile },
        change: 'changed',
        fields: [
          {
            path: hostile,
            before: hostile,
            after: { [hostile]: hostile },
            by: { manager: hostile, is: 'program', at: hostile },
          },
        ],
        by: { manager: hostile, is: 'person' },
        note: hostile,
        next: hostile,
      },
    ],
    routers: [
      {
        router: hostile,
        change: 'edited',
        delivered: hostile,
        files: [
          {
            path: hostile,
            change: 'changed',
            added: 1,
            removed: 0,
            hunks: [`@@ -1 +1 @@\n+::error::y\u001b[31m`],
          },
        ],
        next: hostile,
      },
    ],
    unknown: [
      { about: { kind: 'router', name: hostile }, message: hostile, evidence: [hostile], next: hostile },
    ],
    same: { objects: 0, routers: 0 },
  };
  const lines = driftText(told, { colour: colours(false) }).split('\n');
  expect(lines.filter((line) => line.search(UNPRINTABLE) >= 0 || line.trimStart().startsWith('::'))).toEqual(
    [],
  );
});
