import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { scratch } from '../cli/run.ts';
import { addNode } from './changes.ts';
import { advance, type Repository, repositoryWith } from './repository.ts';
import { type JobDone, type Run, runJob } from './runner.ts';
import { readWorkflow } from './workflow.ts';

/** The job that plans a delivery, on a real history, with a GitHub that reports how earlier runs ended. */
const workflow = readWorkflow('.github/workflows/routers.yml');

let repository: Repository;
let server: Server;
let runs: readonly object[];
const asked: string[] = [];

beforeAll(async () => {
  repository = repositoryWith(addNode);
  advance(repository);
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ workflow_runs: runs }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  server.close();
  rmSync(repository.folder, { recursive: true });
});

const run = (run_number: number, conclusion: string | null, head_sha: string, event = 'push') => ({
  run_number,
  conclusion,
  head_sha,
  event,
  status: conclusion === null ? 'in_progress' : 'completed',
});

async function plan(given: Partial<Run> = {}): Promise<JobDone> {
  const artifacts = scratch();
  const done = await runJob(workflow, 'plan', {
    repository,
    event_name: 'push',
    event: { before: repository.base },
    sha: repository.head,
    artifacts,
    token: 'ghs_token',
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...given,
  });
  rmSync(artifacts, { recursive: true });
  return done;
}

const ALL = [
  { wave: 1, routers: 'cn-ns' },
  { wave: 2, routers: 'global-ns, gateway' },
];
const waves = ({ outputs }: JobDone): unknown => JSON.parse(outputs.waves ?? 'null');

test('routers with the state of the last run get what changed since', async () => {
  // This run itself is in the answer, and a newer one that waits.
  runs = [
    run(13, null, 'f'.repeat(40)),
    run(12, null, repository.head),
    run(11, 'success', repository.base),
    run(10, 'failure', '1'.repeat(40)),
  ];
  const done = await plan();
  expect(done).toMatchObject({ result: 'success', outputs: { base: repository.base } });
  expect(waves(done)).toEqual([{ wave: 1, routers: 'gateway' }]);
  expect(done.steps.find(({ name }) => name === 'Plan')?.summary).toMatch(
    /^~~~text\nhome: 1 router in 1 wave.*\n[\s\S]*k3s\/ibgpeers\/kubenode-wds-2\.conf \+\d+ -0\n[\s\S]*nothing has changed since [0-9a-f]{7}\n\nby hand\n {2}1\. after shipping, at kubenode-wds-2: run install\.sh .*\n~~~\n$/,
  );
  expect(asked.at(-1)).toBe(
    'GET /repos/acme/net/actions/workflows/routers.yml/runs?branch=main&exclude_pull_requests=true&per_page=100 Bearer ghs_token',
  );
});

test('where nothing changed since, nothing is left to do', async () => {
  runs = [run(11, 'success', repository.head)];
  const done = await plan();
  expect(done).toMatchObject({ result: 'success', outputs: { base: repository.head, waves: '[]' } });
});

test('a router that is only reached elsewhere has a wave', async () => {
  const moved = repositoryWith((folder) => {
    const file = join(folder, 'topology.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('gateway:      {', 'gateway:      {ssh: {port: 2222}, '));
  });
  advance(moved);
  runs = [run(11, 'success', moved.base)];
  const done = await plan({ repository: moved, sha: moved.head });
  expect(done.outputs).toMatchObject({ base: moved.base });
  expect(waves(done)).toEqual([{ wave: 1, routers: 'gateway' }]);
  expect(done.steps.find(({ name }) => name === 'Plan')?.summary).toContain(
    'delivered to noencap@[gateway]:2222 instead of noencap@gateway',
  );
  rmSync(moved.folder, { recursive: true });
});

test('a commit removed by a force push is no base: all routers are planned', async () => {
  runs = [run(11, 'success', 'e'.repeat(40))];
  const done = await plan();
  expect(done).toMatchObject({ result: 'success', outputs: { base: 'none' } });
  expect(waves(done)).toEqual(ALL);
});

test('if GitHub does not answer, all routers are planned', async () => {
  const done = await plan({ api: 'http://127.0.0.1:9' });
  expect(done).toMatchObject({ result: 'success', outputs: { base: 'none' } });
  expect(waves(done)).toEqual(ALL);
  expect(done.steps.map(({ stderr }) => stderr).join('')).toMatch(
    /^::notice title=All routers are planned::/,
  );
});

describe('the commit that every router has', () => {
  const lastDelivery = (env: NodeJS.ProcessEnv = {}) =>
    promisify(execFile)(process.execPath, ['scripts/last-delivery.cjs'], {
      env: {
        GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        GITHUB_REPOSITORY: 'acme/net',
        GITHUB_RUN_NUMBER: '12',
        GITHUB_TOKEN: 'ghs_token',
        ...env,
      },
    });
  const [first, second] = ['1'.repeat(40), '2'.repeat(40)];

  test('is that of the run before, if it delivered it', async () => {
    runs = [run(10, 'failure', first), run(11, 'success', second), run(12, null, first)];
    expect(await lastDelivery()).toEqual({ stdout: `${second}\n`, stderr: '' });
  });

  test.each([
    ['is the first', [], 'no run was before this one'],
    [
      'follows one that failed',
      [run(11, 'failure', first), run(10, 'success', second)],
      'ended with failure',
    ],
    ['follows one that was cancelled', [run(11, 'cancelled', first)], 'ended with cancelled'],
    ['follows one by hand', [run(11, 'success', first, 'workflow_dispatch')], 'started by hand'],
    ['is told no commit', [run(11, 'success', '--output=/tmp/x')], 'has no commit'],
    ['is told something else', null, 'null'],
  ])('is not known to a run that %s', async (_, told, why) => {
    runs = told as readonly object[];
    const { stdout, stderr } = await lastDelivery();
    expect(stdout).toBe('\n');
    expect(stderr).toMatch(/^::notice title=All routers are planned::[^\n]+\n$/);
    expect(stderr).toContain(why);
  });
});

test('a password that changed is for every router that has it', async () => {
  const other = repositoryWith((folder) => writeFileSync(join(folder, 'secrets.age'), 'a'));
  advance(other);
  runs = [run(11, 'success', other.base)];
  const done = await plan({ repository: other, sha: other.head });
  expect(done.outputs).toMatchObject({ base: 'none' });
  expect(waves(done)).toEqual(ALL);
  rmSync(other.folder, { recursive: true });
});

describe('by hand', () => {
  const byHand = (router: string) => plan({ event_name: 'workflow_dispatch', event: {}, inputs: { router } });

  test('all routers are planned, or the one that is named', async () => {
    asked.length = 0;
    runs = [run(11, 'success', repository.base)];
    expect(waves(await byHand(''))).toEqual(ALL);
    const one = await byHand('gateway');
    expect(one.outputs).toMatchObject({ base: 'none' });
    expect(waves(one)).toEqual([{ wave: 1, routers: 'gateway' }]);
    const states = ['in_progress', 'waiting', 'queued', 'pending', 'requested'];
    expect(asked).toEqual(
      [...states, ...states].map(
        (state) =>
          `GET /repos/acme/net/actions/workflows/routers.yml/runs?branch=main&event=push&status=${state}&exclude_pull_requests=true&per_page=100 Bearer ghs_token`,
      ),
    );
  });

  test('the approver reads what is accepted beforehand', async () => {
    runs = [];
    const done = await plan({
      event_name: 'workflow_dispatch',
      event: {},
      inputs: { router: 'gateway', excuse: 'gateway--* ~~~\u001b[8m', 'accept-drift': true },
    });
    expect(done.result).toBe('success');
    expect(done.steps.find(({ name }) => name === 'Plan')?.summary).toContain(
      [
        '~~~text',
        'home: 1 router in 1 wave, at most 4 at a time',
        '',
        'accepted beforehand',
        '  --accept-drift: files that were edited on these routers are replaced',
        '  --excuse gateway--*: it may be down afterwards',
        '  --excuse ~~~<U+001B>[8m: it may be down afterwards',
        '',
        'wave 1',
      ].join('\n'),
    );
  });

  test.each(['queued', 'in_progress', 'waiting', 'pending', 'requested'])(
    'it gives way to a delivery that is %s',
    async (status) => {
      runs = [
        { ...run(13, null, repository.head, 'workflow_dispatch'), status: 'in_progress' },
        { ...run(12, null, repository.head), status },
        { ...run(11, 'success', repository.base), status: 'completed' },
      ];
      const done = await byHand('gateway');
      expect(done).toMatchObject({ result: 'failure', outputs: { waves: '' } });
      expect(done.steps.map(({ stderr }) => stderr).join('')).toMatch(
        /^::error title=A delivery is at work::Run 12 of main is [a-z_]+\. /m,
      );
    },
  );

  test('unless GitHub says that no run is at work, nothing is planned', async () => {
    const done = await plan({
      event_name: 'workflow_dispatch',
      event: {},
      inputs: { router: '' },
      api: 'http://127.0.0.1:9',
    });
    expect(done).toMatchObject({ result: 'failure', outputs: { waves: '' } });
  });

  test.each(['--check', 'gateway; touch x', 'gateway\nbase=x'])(
    'what is no router is refused: %j',
    async (router) => {
      runs = [];
      const done = await byHand(router);
      expect(done).toMatchObject({ result: 'failure', outputs: { base: '', waves: '' } });
      expect(done.steps.at(-1)?.stderr).toContain(`No router is named ${JSON.stringify(router)}`);
    },
  );
});

test('a topology that does not fit its dist is not planned', async () => {
  const other = repositoryWith((folder) => {
    addNode(folder);
    rmSync(join(folder, 'dist/routers/gateway/k3s/ibgpeers/kubenode-wds-2.conf'));
  });
  advance(other);
  runs = [run(11, 'success', other.base)];
  const done = await plan({ repository: other, sha: other.head });
  expect(done.result).toBe('failure');
  expect(done.steps.at(-1)?.stderr).toContain('dist is stale');
  rmSync(other.folder, { recursive: true });
});
