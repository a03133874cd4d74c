import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseReview, type Review } from '../../review/document.ts';
import { scratch } from '../cli/run.ts';
import { addNode, breakTopology, widenPool } from './changes.ts';
import { PULL, type Repository, repositoryWith } from './repository.ts';
import { type JobDone, type Run, runJob } from './runner.ts';
import { readWorkflow } from './workflow.ts';

/** The job that runs a pull request's code, step by step in a clone, on pull requests created here. */
const workflow = readWorkflow('.github/workflows/pull-request.yml');
const steps = workflow.jobs.review?.steps ?? [];
const LAB = 'Does it work with real BIRD?';
const DIFF = 'What does the change do?';
const ACCEPTED = 'Is this what was accepted?';

const MINUTES = 60_000;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function pullRequest(change: (folder: string) => void): Repository {
  const repository = repositoryWith(change);
  folders.push(repository.folder);
  return repository;
}

interface Reviewed extends JobDone {
  readonly artifact: string | undefined;
}

async function review(
  repository: Repository,
  given: Partial<Omit<Run, 'sha'>> & { action?: string; label?: string; sha?: string } = {},
): Promise<Reviewed> {
  const artifacts = scratch();
  folders.push(artifacts);
  const { action = 'synchronize', label, sha = repository.head, ...rest } = given;
  const pull_request = {
    number: PULL.number,
    updated_at: '2026-11-24T18:00:01Z',
    base: { ref: 'main', sha: repository.base },
    head: { ref: PULL.branch, sha, repo: { full_name: 'acme/net' } },
  };
  const event = { action, number: PULL.number, label: { name: label }, pull_request };
  const done = await runJob(workflow, 'review', {
    repository,
    event_name: 'pull_request',
    event,
    artifacts,
    ...rest,
  });
  const file = join(artifacts, 'review/review.json');
  return { ...done, artifact: existsSync(file) ? readFileSync(file, 'utf8') : undefined };
}

function reviewIn({ artifact }: Reviewed): Review {
  const read = parseReview(artifact ?? '');
  if ('message' in read) throw new Error(read.message);
  return read;
}

/** How each step ended, by name; for a failed one with its output. */
const outcomes = ({ steps: done }: JobDone): Record<string, string> =>
  Object.fromEntries(done.map(({ name, outcome }) => [name.replace(/@.*/, ''), outcome]));

describe('a pull request that adds a node', () => {
  const withoutLab = process.env.NOENCAP_NO_NETNS === '1';
  let done: Reviewed;
  beforeAll(async () => {
    done = await review(pullRequest(addNode), { without: withoutLab ? [LAB] : [] });
  }, 30 * MINUTES);

  for (const [index, step] of steps.entries()) {
    const name = step.name ?? step.uses?.replace(/@.*/, '') ?? '';
    const run = withoutLab && name === LAB ? test.skip : test;
    run(name, () => {
      expect(done.steps[index]).toMatchObject({
        outcome: name === ACCEPTED ? 'skipped' : 'success',
        stderr: expect.not.stringMatching(/^::error/m),
      });
    });
  }

  test('passes, and leaves the review to the next job', () => {
    expect(done).toMatchObject({ result: 'success', outputs: { artifact: '1' } });
    const found = reviewIn(done);
    expect(found.fabric).toContainEqual(
      expect.objectContaining({ kind: 'node', name: 'kubenode-wds-2', change: 'added' }),
    );
    expect(found.ok).toBe(true);
  });

  (withoutLab ? test.skip : test)('has been rehearsed in the lab', () => {
    expect(reviewIn(done).rehearsal).toMatchObject({ failures: [] });
  });

  test('is shown on the page of the run', () => {
    expect(done.steps.find(({ name }) => name === DIFF)?.summary).toContain('kubenode-wds-2');
  });
});

describe('a pull request that is dangerous', () => {
  let repository: Repository;
  const without = ['Install what the lab needs', LAB];
  const accept = (given: { action: string; label?: string; sha?: string; without?: string[] }) =>
    review(repository, { without, api, token: 'ghs_token', ...given });
  let server: Server;
  let api: string;
  let runs: readonly object[] = [];
  beforeAll(async () => {
    repository = pullRequest(widenPool);
    server = createServer((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ workflow_runs: runs }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  const reviewed = (more: object = {}) => ({
    id: 4000,
    head_sha: repository.head,
    status: 'completed',
    conclusion: 'failure',
    updated_at: '2026-11-24T18:00:00Z',
    ...more,
  });

  test(
    'fails, and leaves its review all the same',
    async () => {
      const done = await accept({ action: 'opened' });
      expect(outcomes(done)).toMatchObject({ [DIFF]: 'failure', 'Keep the review': 'success' });
      expect(done.result).toBe('failure');
      expect(reviewIn(done)).toMatchObject({ ok: false, accepted: false });
    },
    30 * MINUTES,
  );

  test(
    'passes in the run that the label accept-danger starts',
    async () => {
      runs = [reviewed()];
      const done = await accept({ action: 'labeled', label: 'accept-danger' });
      expect(done.result).toBe('success');
      expect(reviewIn(done)).toMatchObject({ ok: true, accepted: true });
    },
    30 * MINUTES,
  );

  test(
    'the label does not count where nobody had a review of the commit',
    async () => {
      runs = [];
      const done = await accept({ action: 'labeled', label: 'accept-danger' });
      expect(done.result).toBe('failure');
      expect(reviewIn(done)).toMatchObject({ ok: false, accepted: false });
    },
    30 * MINUTES,
  );

  /** Whether the label counts, and if not, why. */
  async function counts(sha = repository.head): Promise<string> {
    const others = steps.flatMap(({ name = '' }) => (name === ACCEPTED || name === '' ? [] : [name]));
    const done = await accept({ action: 'labeled', label: 'accept-danger', sha, without: others });
    return done.steps.find(({ name }) => name === ACCEPTED)?.stderr ?? 'it was not asked';
  }

  test('the label counts for the commit whose review was there', async () => {
    runs = [reviewed({ id: 4711, conclusion: null, status: 'in_progress' }), reviewed()];
    expect(await counts()).toBe('');
    runs = [reviewed({ conclusion: 'success' })];
    expect(await counts()).toBe('');
  });

  test.each<[string, () => readonly object[]]>([
    ['came after the label', () => [reviewed({ updated_at: '2026-11-24T18:00:02Z' })]],
    ['was cancelled', () => [reviewed({ conclusion: 'cancelled' })]],
    ['is at work', () => [reviewed({ status: 'in_progress', conclusion: null })]],
    ['is of another commit', () => [reviewed({ head_sha: repository.base })]],
    ['is this one', () => [reviewed({ id: 4711 })]],
  ])('the label does not count if the review %s', async (_, told) => {
    runs = told();
    expect(await counts()).toMatch(/^::warning title=Not accepted::There was no review of [0-9a-f]{7} yet/);
  });

  test('the label does not count for a commit that came after it', async () => {
    runs = [reviewed({ head_sha: 'a'.repeat(40) })];
    expect(await counts('a'.repeat(40))).toMatch(/was set for aaaaaaa, and this is [0-9a-f]{7}\./);
  });
});

test(
  'a topology with a fault fails every step that looks at it, and none of them hides another',
  async () => {
    const done = await review(pullRequest(breakTopology));
    expect(outcomes(done)).toMatchObject({
      'Is dist what the topology says?': 'failure',
      'Is anything wrong with the network?': 'failure',
      'Install what the lab needs': 'success',
      [LAB]: 'failure',
      [DIFF]: 'failure',
      'Keep the review': 'success',
    });
    expect(done).toMatchObject({ result: 'failure', outputs: { artifact: '' }, artifact: undefined });
    expect(done.steps.find(({ name }) => name === DIFF)?.stdout).toContain('no router is named');
    expect(done.steps.find(({ name }) => name.includes('wrong'))?.stderr).toMatch(
      /^::error file=topology\.yaml,line=\d+/m,
    );
  },
  30 * MINUTES,
);

test(
  'a stale dist fails the job, and no other step',
  async () => {
    const done = await review(
      pullRequest((folder) => {
        addNode(folder);
        rmSync(join(folder, 'dist/nodes/kubenode-wds-2'), { recursive: true });
      }),
      { without: ['Install what the lab needs', LAB, DIFF, 'Keep the review'] },
    );
    expect(done.steps.filter(({ outcome }) => outcome !== 'success')).toEqual([
      expect.objectContaining({ name: 'Is dist what the topology says?', outcome: 'failure' }),
      expect.objectContaining({ name: ACCEPTED, outcome: 'skipped' }),
    ]);
    expect(done.result).toBe('failure');
  },
  30 * MINUTES,
);

test('if packages cannot be installed nothing else is tried', async () => {
  const done = await review(pullRequest(addNode), { npm: 'fails' });
  const {
    'Install noencap': install,
    'actions/checkout': checkout,
    'actions/setup-node': setup,
    ...others
  } = outcomes(done);
  expect([checkout, setup, install]).toEqual(['success', 'success', 'failure']);
  expect(new Set(Object.values(others))).toEqual(new Set(['skipped']));
  expect(done).toMatchObject({ result: 'failure', outputs: { artifact: '' }, artifact: undefined });
});
