import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../cli/run.ts';
import { BOT, type GitHub, startGitHub, TOKEN } from '../github/server.ts';
import { addNode } from './changes.ts';
import { PULL, type Repository, repositoryWith } from './repository.ts';
import { type Run, runJob } from './runner.ts';
import { readWorkflow } from './workflow.ts';

/** The jobs that may write: in a clone of the base, with a review from another job, against a stand-in for GitHub. */
let repository: Repository;
let artifacts: string;
let github: GitHub;

beforeAll(() => {
  // Code of the pull request must not run: here it would fail, because a program is missing.
  repository = repositoryWith((folder) => {
    addNode(folder);
    writeFileSync(join(folder, 'bin/noencap'), 'This is not the code of the base.\n');
  });
});
beforeEach(async () => {
  github = await startGitHub();
  artifacts = scratch();
  mkdirSync(join(artifacts, 'review'));
  cpSync('test/workflows/review.json', join(artifacts, 'review/review.json'));
});
afterEach(async () => {
  rmSync(artifacts, { recursive: true });
  await github.close();
});
afterAll(() => rmSync(repository.folder, { recursive: true }));

/** GitHub's event for the pull request: for its own run, and for one from a fork in the run that follows. */
const events = {
  branch: () => ({
    action: 'synchronize',
    number: PULL.number,
    pull_request: {
      number: PULL.number,
      base: { ref: 'main', sha: repository.base, repo: { full_name: 'acme/net' } },
      head: { ref: PULL.branch, sha: repository.head, repo: { full_name: 'acme/net' } },
    },
  }),
  fork: () => ({
    action: 'completed',
    workflow_run: {
      id: 4711,
      event: 'pull_request',
      conclusion: 'success',
      head_branch: PULL.branch,
      head_sha: repository.head,
      head_repository: { id: 2, full_name: 'stranger/net', owner: { login: 'stranger' } },
      pull_requests: [],
    },
  }),
};
type From = keyof typeof events;
const FROM: readonly From[] = ['branch', 'fork'];

function start(from: From) {
  const owner = from === 'branch' ? 'acme' : 'stranger';
  github.pulls.set(PULL.number, { from: `${owner}:${PULL.branch}`, commit: repository.head });
  const [file, job, event_name] = (
    {
      branch: ['pull-request.yml', 'comment', 'pull_request'],
      fork: ['fork-comment.yml', 'comment-on-fork', 'workflow_run'],
    } as const
  )[from];
  const run: Run = {
    repository,
    event_name,
    event: events[from](),
    artifacts,
    token: TOKEN,
    api: github.url,
  };
  return runJob(readWorkflow(join('.github/workflows', file)), job, run);
}

test.each(FROM)('a pull request from a %s gets its comment', async (from) => {
  const { result, steps } = await start(from);
  const failed = steps.filter(({ outcome }) => outcome === 'failure');
  expect({ result, failed }).toEqual({ result: 'success', failed: [] });
  expect(github.comments).toEqual([
    expect.objectContaining({ author: BOT, body: expect.stringContaining('1 node added') }),
  ]);
  expect(github.violations()).toEqual([]);
});

test('a fork whose run left no review gets no comment, and no error', async () => {
  rmSync(join(artifacts, 'review'), { recursive: true });
  const { result, steps } = await start('fork');
  expect(result).toBe('success');
  const [download, notice, ...others] = steps;
  expect(download?.outcome).toBe('failure');
  expect(notice?.stdout).toMatch(/^::notice title=No comment::The run left no review/);
  expect(others.map(({ outcome }) => outcome)).toEqual(others.map(() => 'skipped'));
  expect(github.methods()).toEqual([]);
});

test.each(FROM)('what else lies beside the review of a %s takes the place of nothing', async (from) => {
  for (const file of ['package.json', 'bin/noencap', 'node_modules/esbuild/package.json', '.npmrc']) {
    mkdirSync(join(artifacts, 'review', file, '..'), { recursive: true });
    writeFileSync(join(artifacts, 'review', file), 'This would break what reads it.\n');
  }
  expect((await start(from)).result).toBe('success');
});

test.each(FROM)(
  'a review of a %s that is none ends in an error, and nothing is posted or shown',
  async (from) => {
    writeFileSync(join(artifacts, 'review/review.json'), '{"version": 4, "command": "diff", "ok": "::x::"}');
    const { result, steps } = await start(from);
    expect(result).toBe('failure');
    expect(steps.at(-1)).toMatchObject({ name: 'Comment', outcome: 'failure' });
    expect(JSON.stringify(steps)).not.toContain(TOKEN);
    expect(github.comments).toEqual([]);
  },
);
