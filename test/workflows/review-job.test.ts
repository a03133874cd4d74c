import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Review } from '../../review/document.ts';
import { parseReview } from '../../review/parse-review.ts';
import { abreast } from '../abreast.ts';
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

jest.setTimeout(30 * 60_000);

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

/** A GitHub that knows of these runs. */
async function gitHub(runs: readonly object[]): Promise<{ readonly api: string; readonly end: () => void }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ workflow_runs: runs }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    end: () => void server.close(),
  };
}

/** Pull requests that several jobs are about. */
let [harmless, dangerous]: Repository[] = [];
const adding = (): Repository => (harmless ??= pullRequest(addNode));
const widening = (): Repository => (dangerous ??= pullRequest(widenPool));

const WITHOUT_LAB = ['Install what the lab needs', LAB];

/** A run that reviewed it. */
const reviewed = (more: object = {}) => ({
  id: 4000,
  head_sha: widening().head,
  status: 'completed',
  conclusion: 'failure',
  updated_at: '2026-11-24T18:00:00Z',
  ...more,
});

/** The job that a label starts, where GitHub knows of these runs. */
async function labeled(
  runs: readonly object[],
  given: { sha?: string; without?: readonly string[] } = {},
): Promise<Reviewed> {
  const { api, end } = await gitHub(runs);
  try {
    return await review(widening(), {
      action: 'labeled',
      label: 'accept-danger',
      without: WITHOUT_LAB,
      api,
      token: 'ghs_token',
      ...given,
    });
  } finally {
    end();
  }
}

/** The same, of which only the step counts that asks for those runs. */
const asked = (runs: () => readonly object[], sha?: string) => () =>
  labeled(runs(), {
    ...(sha === undefined ? {} : { sha }),
    without: steps.flatMap(({ name = '' }) => (name === ACCEPTED || name === '' ? [] : [name])),
  });

const withoutNetns = process.env.NOENCAP_NO_NETNS === '1';
const NEWER = 'a'.repeat(40);

/** Several at a time: each is mostly one program after the other. The longest first. */
const JOBS = {
  'adds a node': () => review(adding(), { without: withoutNetns ? [LAB] : [] }),
  'has a fault': () => review(pullRequest(breakTopology)),
  'is dangerous': () => review(widening(), { action: 'opened', without: WITHOUT_LAB }),
  'is accepted': () => labeled([reviewed()]),
  'is accepted unseen': () => labeled([]),
  'has a stale dist': () =>
    review(
      pullRequest((folder) => {
        addNode(folder);
        rmSync(join(folder, 'dist/nodes/kubenode-wds-2'), { recursive: true });
      }),
      { without: [...WITHOUT_LAB, DIFF, 'Keep the review'] },
    ),
  'cannot install': () => review(adding(), { npm: 'fails' }),
  'was there, beside this run': asked(() => [
    reviewed({ id: 4711, conclusion: null, status: 'in_progress' }),
    reviewed(),
  ]),
  'was there, and found nothing': asked(() => [reviewed({ conclusion: 'success' })]),
  'came after the label': asked(() => [reviewed({ updated_at: '2026-11-24T18:00:02Z' })]),
  'was cancelled': asked(() => [reviewed({ conclusion: 'cancelled' })]),
  'is at work': asked(() => [reviewed({ status: 'in_progress', conclusion: null })]),
  'is of another commit': asked(() => [reviewed({ head_sha: widening().base })]),
  'is this one': asked(() => [reviewed({ id: 4711 })]),
  'is of a newer commit': asked(() => [reviewed({ head_sha: NEWER })], NEWER),
} as const;
type JobName = keyof typeof JOBS;

let made: ReadonlyMap<JobName, Promise<Reviewed>>;
beforeAll(() => {
  made = abreast(Object.keys(JOBS) as JobName[], 3, (name) => JOBS[name]());
});
const job = async (name: JobName): Promise<Reviewed> => (await made.get(name)) as Reviewed;

describe('a pull request that adds a node', () => {
  let done: Reviewed;
  beforeAll(async () => {
    done = await job('adds a node');
  });

  for (const [index, step] of steps.entries()) {
    const name = step.name ?? step.uses?.replace(/@.*/, '') ?? '';
    const run = withoutNetns && name === LAB ? test.skip : test;
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

  (withoutNetns ? test.skip : test)('has been rehearsed in the lab', () => {
    expect(reviewIn(done).rehearsal).toMatchObject({ failures: [] });
  });

  test('is shown on the page of the run', () => {
    expect(done.steps.find(({ name }) => name === DIFF)?.summary).toContain('kubenode-wds-2');
  });
});

describe('a pull request that is dangerous', () => {
  test('fails, and leaves its review all the same', async () => {
    const done = await job('is dangerous');
    expect(outcomes(done)).toMatchObject({ [DIFF]: 'failure', 'Keep the review': 'success' });
    expect(done.result).toBe('failure');
    expect(reviewIn(done)).toMatchObject({ ok: false, accepted: false });
  });

  test('passes in the run that the label accept-danger starts', async () => {
    const done = await job('is accepted');
    expect(done.result).toBe('success');
    expect(reviewIn(done)).toMatchObject({ ok: true, accepted: true });
  });

  test('the label does not count where nobody had a review of the commit', async () => {
    const done = await job('is accepted unseen');
    expect(done.result).toBe('failure');
    expect(reviewIn(done)).toMatchObject({ ok: false, accepted: false });
  });

  /** Whether the label counts, and if not, why. */
  const counts = async (name: JobName): Promise<string> =>
    (await job(name)).steps.find((step) => step.name === ACCEPTED)?.stderr ?? 'it was not asked';

  test('the label counts for the commit whose review was there', async () => {
    expect(await counts('was there, beside this run')).toBe('');
    expect(await counts('was there, and found nothing')).toBe('');
  });

  test.each<[JobName]>([
    ['came after the label'],
    ['was cancelled'],
    ['is at work'],
    ['is of another commit'],
    ['is this one'],
  ])('the label does not count if the review %s', async (name) => {
    expect(await counts(name)).toMatch(
      /^::warning title=Not accepted::There was no review of [0-9a-f]{7} yet/,
    );
  });

  test('the label does not count for a commit that came after it', async () => {
    expect(await counts('is of a newer commit')).toMatch(/was set for aaaaaaa, and this is [0-9a-f]{7}\./);
  });
});

test('a topology with a fault fails every step that looks at it, and none of them hides another', async () => {
  const done = await job('has a fault');
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
});

test('a stale dist fails the job, and no other step', async () => {
  const done = await job('has a stale dist');
  expect(done.steps.filter(({ outcome }) => outcome !== 'success')).toEqual([
    expect.objectContaining({ name: 'Is dist what the topology says?', outcome: 'failure' }),
    expect.objectContaining({ name: ACCEPTED, outcome: 'skipped' }),
  ]);
  expect(done.result).toBe('failure');
});

test('if packages cannot be installed nothing else is tried', async () => {
  const done = await job('cannot install');
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
