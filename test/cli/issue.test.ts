import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Drift } from '../../drift/index.ts';
import { BOT, type GitHub, problem, startGitHub, TOKEN } from '../github/server.ts';
import { documentIn, noencapMeanwhile, type Run, scratch } from './run.ts';

let github: GitHub;
let folder: string;
let outputs: string[];

beforeEach(async () => {
  github = await startGitHub();
  folder = scratch();
  outputs = [];
});

afterEach(async () => {
  await github.close();
  rmSync(folder, { recursive: true });
  expect(github.violations()).toEqual([]);
  // Whatever happens, the token is not readable in a log.
  expect(outputs.filter((text) => text.includes(TOKEN))).toEqual([]);
});

const DRIFT: Drift = {
  version: 1,
  command: 'drift',
  ok: false,
  network: 'home',
  commit: null,
  objects: [
    {
      id: { group: '', kind: 'Node', namespace: null, name: 'kubemaster' },
      change: 'changed',
      fields: [{ path: 'metadata.labels.region', before: 'WDS', after: '@octocat' }],
    },
  ],
  routers: [],
  unknown: [],
  same: { objects: 1, routers: 1 },
};
const UNKNOWN = [{ about: { kind: 'cluster', name: 'nodes' }, message: 'no answer', evidence: [] }] as const;

const write = (change: object = {}) =>
  writeFileSync(join(folder, 'drift.json'), JSON.stringify({ ...DRIFT, ...change }));

async function issue(args: readonly string[] = [], change: NodeJS.ProcessEnv = {}): Promise<Run> {
  const ran = await noencapMeanwhile(folder, ['issue', ...args], {
    HOME: folder,
    GITHUB_REPOSITORY: 'acme/net',
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_RUN_ID: '99',
    GITHUB_TOKEN: TOKEN,
    ...change,
  });
  outputs.push(ran.stdout, ran.stderr);
  return ran;
}

test('opens one issue, renews it, keeps it while something is unknown, closes it when drift is gone', async () => {
  write();
  expect(await issue()).toEqual({
    code: 0,
    stdout: 'Issue created: https://github.example/acme/net/issues/1000\n',
    stderr: '',
  });
  expect(github.issues).toMatchObject([
    {
      author: BOT,
      title: 'Drift: production differs from git (home)',
      body: expect.stringMatching(/^<!-- noencap drift: home -->\n\*\*1 object differs from git\.\*\*/),
    },
  ]);
  expect(github.issues[0]?.body).toContain('[last look](<https://github.example/acme/net/actions/runs/99>)');
  expect((await issue()).stdout).toContain('Issue unchanged');
  write({ objects: [], unknown: UNKNOWN });
  const { stdout } = await issue(['--json']);
  expect(documentIn(stdout)).toMatchObject({ command: 'issue', action: 'updated', surplus: 0, tier: 'full' });
  expect(github.issues).toMatchObject([
    { state: 'open', body: expect.stringContaining('Not everything could be read') },
  ]);
  write({ objects: [], ok: true });
  expect((await issue()).stdout).toContain('Issue closed');
  expect(github.issues).toMatchObject([{ state: 'closed', reason: 'completed' }]);
  expect((await issue()).stdout).toBe('No issue is open, and none is needed\n');
});

test('--print writes nothing', async () => {
  write();
  const { code, stdout } = await issue(['--print'], { GITHUB_TOKEN: '' });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Drift: production differs from git \(home\)\n\n<!-- noencap drift: home -->\n/);
  expect(github.exchanges).toEqual([]);
});

test('what GitHub refuses is told, with exit code 3', async () => {
  write();
  github.always('POST', () => problem(403, 'Resource not accessible by integration'));
  expect(await issue()).toEqual({
    code: 3,
    stdout: '',
    stderr:
      'GitHub does not let this token open issues: Resource not accessible by integration.\nGive the job `permissions: {issues: write}`.\n',
  });
  expect(await issue([], { GITHUB_TOKEN: '' })).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^There is no token for GitHub/),
  });
});

test('what is no drift is bad input, and closes nothing', async () => {
  writeFileSync(
    join(folder, 'drift.json'),
    '{"version": 1, "command": "drift", "ok": false, "faults": [{"message": "dist is stale"}]}',
  );
  expect(await issue()).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^drift\.json: it holds no drift, but why noencap could not look for it: dist is stale\.\nWrite one with/,
    ),
  });
  const { stdout } = await issue(['none.json', '--json']);
  expect(documentIn(stdout)).toMatchObject({ command: 'issue', faults: [{ code: 'drift' }] });
  expect(github.exchanges).toEqual([]);
});
