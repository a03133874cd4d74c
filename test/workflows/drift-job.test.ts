import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../cli/run.ts';
import { edited, syncedCluster } from '../drift/synced-cluster.ts';
import { type GitHub, startGitHub, TOKEN } from '../github/server.ts';
import { type ApiServer, startApiServer } from '../live/cluster/api-server.ts';
import { addNode } from './changes.ts';
import { type Repository, repositoryWith } from './repository.ts';
import { type JobDone, runJob } from './runner.ts';
import { readWorkflow } from './workflow.ts';

jest.setTimeout(300_000);

const workflow = readWorkflow('.github/workflows/drift.yml');
const PEERS = '/apis/crd.projectcalico.org/v1/bgppeers';

/** Both jobs, in a clone of main, with a local API server as the cluster, and a stand-in for GitHub. */
let repository: Repository;
let artifacts: string;
let github: GitHub;
let cluster: ApiServer;
let access: string;

beforeAll(() => {
  repository = repositoryWith(addNode);
});
beforeEach(async () => {
  github = await startGitHub();
  cluster = await startApiServer(syncedCluster());
  access = readFileSync(cluster.use(), 'utf8');
  artifacts = scratch();
});
afterEach(async () => {
  rmSync(artifacts, { recursive: true });
  await cluster.close();
  await github.close();
  expect(github.violations()).toEqual([]);
});
afterAll(() => rmSync(repository.folder, { recursive: true }));

const run = (
  job: string,
  more: { secrets?: Readonly<Record<string, string>>; needs?: object } = {},
): Promise<JobDone> =>
  runJob(workflow, job, {
    repository,
    event_name: 'workflow_dispatch',
    event: {},
    token: TOKEN,
    api: github.url,
    artifacts,
    ...more,
  });

/** As GitHub runs them: the second one where the first one has seen something. */
async function both(): Promise<{ look: JobDone; issue: JobDone | undefined }> {
  const look = await run('look', { secrets: { CLUSTER_ACCESS: access } });
  const { code = '' } = look.outputs;
  const needs = { look: { result: look.result, outputs: look.outputs } };
  return {
    look,
    issue: look.result === 'failure' || code === '' ? undefined : await run('issue', { needs }),
  };
}

test('drift opens an issue, and its end closes it; the secret is in no file and no log', async () => {
  edited(cluster.lists, PEERS, 'route-reflector-wds-gateway', { spec: { peerIP: '192.168.100.9' } });
  const { look, issue } = await both();
  expect({ code: look.outputs.code, look: look.result, issue: issue?.result }).toEqual({
    code: '1',
    look: 'success',
    issue: 'success',
  });
  expect(github.issues).toMatchObject([{ state: 'open', body: expect.stringContaining('192.168.100.9') }]);
  const said = [...look.steps, ...(issue?.steps ?? [])].map(({ stdout, stderr }) => stdout + stderr).join('');
  expect(said).not.toContain('a-token-of-the-test');
  expect(readFileSync(join(artifacts, 'drift/drift.json'), 'utf8')).not.toContain('a-token-of-the-test');

  edited(
    cluster.lists,
    PEERS,
    'route-reflector-wds-gateway',
    { spec: { peerIP: '192.168.100.1' } },
    'argocd-controller',
  );
  expect((await both()).look.outputs.code).toBe('0');
  expect(github.issues).toMatchObject([{ state: 'closed' }]);
});

test('what is unknown closes nothing, and the run fails', async () => {
  edited(cluster.lists, PEERS, 'route-reflector-wds-gateway', { spec: { peerIP: '192.168.100.9' } });
  await both();
  cluster.forbidden.add('bgppeers');
  const { look, issue } = await both();
  expect({ code: look.outputs.code, issue: issue?.result }).toEqual({ code: '3', issue: 'failure' });
  expect(github.issues).toMatchObject([
    { state: 'open', body: expect.stringContaining('may not list them') },
  ]);
  expect(issue?.steps.at(-1)?.stdout).toContain('::error title=Unknown::');
});

test('without secrets nothing is looked at, and nothing is said of drift', async () => {
  const { result, outputs, steps } = await run('look');
  expect({ result, code: outputs.code ?? '' }).toEqual({ result: 'success', code: '' });
  expect(steps.map(({ stdout }) => stdout).join('')).toContain('::notice title=Nothing is looked at::');
  expect(cluster.asked).toEqual([]);
});

test('what cannot look fails, and no issue is touched', async () => {
  edited(cluster.lists, PEERS, 'route-reflector-wds-gateway', { spec: { peerIP: '192.168.100.9' } });
  await both();
  access = 'no: kubeconfig';
  const { look, issue } = await both();
  // The kubeconfig is unreadable: nothing is known.
  expect({ code: look.outputs.code, issue: issue?.result }).toEqual({ code: '3', issue: 'failure' });
  expect(github.issues).toMatchObject([{ state: 'open' }]);
});
