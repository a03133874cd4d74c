import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { COMMENT_LIMIT } from '../../review/markdown/markdown.ts';
import { reviewMarker } from '../../review/upsert.ts';
import { BOT, COMMIT, type GitHub, problem, startGitHub, TOKEN } from '../github/server.ts';
import { review as reviewWith } from '../review/reviews.ts';
import { noencapMeanwhile, type Run, scratch } from './run.ts';

// Each test runs the command several times, and some of the runs wait.
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

const REVIEW = reviewWith({
  base: { name: 'main', commit: 'c'.repeat(40) },
  head: { name: 'HEAD', commit: 'd'.repeat(40) },
  picture: { regions: [], boxes: [], lines: [] },
});

const review = (changes: object = {}) =>
  writeFileSync(join(folder, 'review.json'), JSON.stringify({ ...REVIEW, ...changes }));

/** The environment of a job: that of a pull request's own workflow, or of one that runs after it. */
function job(name: 'pull_request' | 'workflow_run' | 'push', changes: object = {}): NodeJS.ProcessEnv {
  const events = {
    pull_request: { pull_request: { number: 7, head: { sha: COMMIT }, title: 'x' } },
    workflow_run: {
      workflow_run: {
        id: 42,
        html_url: 'https://evil.example/',
        head_sha: COMMIT,
        head_branch: 'change',
        head_repository: { owner: { login: 'mallory' } },
        ...changes,
      },
    },
    push: { ref: 'refs/heads/main' },
  };
  const file = join(folder, 'event.json');
  writeFileSync(file, JSON.stringify(events[name]));
  return {
    GITHUB_EVENT_NAME: name,
    GITHUB_EVENT_PATH: file,
    GITHUB_REPOSITORY: 'acme/net',
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_RUN_ID: '99',
    GITHUB_TOKEN: TOKEN,
  };
}

async function comment(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const run = await noencapMeanwhile(folder, ['comment', ...args], env);
  outputs.push(run.stdout, run.stderr);
  return run;
}

const bodies = () => github.comments.map(({ body }) => body);
const has = (author: string, body: string) =>
  github.comments.push({ id: github.comments.length + 1, author, body });
const MARKER = reviewMarker('home');

test('posts the review, and renews it in place', async () => {
  review();
  const first = await comment([], job('pull_request'));
  expect(first).toEqual({
    code: 0,
    stdout: 'Comment on pull request 7 created: https://github.example/acme/net/pull/7#issuecomment-1000\n',
    stderr: '',
  });
  expect(bodies()[0]).toMatch(/^<!-- noencap review: home -->\n/);
  expect(await comment([], job('pull_request'))).toMatchObject({
    stdout: expect.stringContaining('unchanged'),
  });
  review({ interruptions: [{ speaker: 'gateway', sessions: 1, lost: 2 }] });
  expect(await comment([], job('pull_request'))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('updated'),
  });
  expect(github.comments).toHaveLength(1);
});

test('--json is one document', async () => {
  review();
  const run = await comment(['--json'], job('pull_request'));
  expect(run.stderr).toBe('');
  expect(JSON.parse(run.stdout)).toEqual({
    version: 1,
    command: 'comment',
    ok: true,
    action: 'created',
    url: 'https://github.example/acme/net/pull/7#issuecomment-1000',
    tier: expect.any(String),
    removed: 0,
  });
});

test('--print shows what would be posted, and asks nobody', async () => {
  review();
  const run = await comment(['--print'], {});
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout).toMatch(/^<!-- noencap review: home -->\n/);
  expect(await comment(['--print', '--json'], {})).toMatchObject({ code: 2 });
  expect(github.exchanges).toEqual([]);
});

test('networks of one repository have a comment each, although one name begins another', async () => {
  for (const network of ['home', 'home 2', 'home-', 'home']) {
    review({ network });
    expect(await comment([], job('pull_request'))).toMatchObject({ code: 0 });
  }
  expect(bodies().map((body) => body.split('\n')[0])).toEqual([
    '<!-- noencap review: home -->',
    '<!-- noencap review: home%202 -->',
    '<!-- noencap review: home%2D -->',
  ]);
});

test('a planted marker is not taken for ours, and surplus comments of ours go', async () => {
  has('mallory', `${MARKER}\nall is well`);
  has(BOT, `${MARKER}\nold`);
  has(BOT, `${MARKER}\nold`);
  review();
  const run = await comment(['--json'], job('pull_request'));
  expect(JSON.parse(run.stdout)).toMatchObject({ action: 'updated', removed: 1 });
  expect(github.comments.map(({ id }) => id)).toEqual([1, 2]);
  expect(bodies()[0]).toBe(`${MARKER}\nall is well`);
});

test('two runs at once leave one comment', async () => {
  review();
  const env = job('pull_request');
  let waiting = 0;
  let both = () => {};
  const released = new Promise<void>((done) => {
    both = done;
  });
  github.always('POST', async () => {
    if (++waiting === 2) both();
    await released;
    return undefined;
  });
  const runs = await Promise.all([comment([], env), comment([], env)]);
  expect(runs.map(({ code }) => code)).toEqual([0, 0]);
  expect(github.comments).toHaveLength(1);
});

test('a run of an older commit overwrites nothing', async () => {
  has(BOT, `${MARKER}\nnewer`);
  github.pulls.set(7, { from: 'acme:change', commit: 'b'.repeat(40) });
  review();
  const run = await comment([], job('pull_request'));
  expect(run).toEqual({
    code: 0,
    stdout: 'Pull request 7 has moved on from aaaaaaaa to bbbbbbbb. Nothing was posted.\n',
    stderr: '',
  });
  expect(bodies()).toEqual([`${MARKER}\nnewer`]);
  const json = await comment(['--json'], job('pull_request'));
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, action: 'skipped' });
});

test('a comment is never longer than GitHub takes, whatever the review', async () => {
  const notes = Array.from({ length: 500 }, (_, index) => `note ${index} ${'x'.repeat(1000)}`);
  for (const outcome of ['felt', 'dangerous']) {
    review({ notes, outcome });
    expect(await comment([], job('pull_request'))).toMatchObject({ code: 0 });
  }
  expect(github.comments).toHaveLength(1);
  expect(bodies()[0]?.length).toBeLessThanOrEqual(COMMENT_LIMIT);
});

test('a review of another format is not shown, and the comment says where it is', async () => {
  review({ version: 5, brandNew: true });
  const run = await comment(['--json'], job('pull_request'));
  expect(JSON.parse(run.stdout)).toMatchObject({ ok: true, action: 'created', tier: null });
  expect(bodies()[0]).toBe(`${MARKER}
The review of this change cannot be shown here: it has format 5, but the noencap that posts comments reads format 4. \
[The run that made it](https://github.example/acme/net/actions/runs/99) has it. Use the same noencap in both jobs.`);
});

describe('after the workflow of a fork', () => {
  beforeEach(() => github.pulls.set(8, { from: 'mallory:change', commit: COMMIT }));

  test('GitHub says which pull request it is, and the link is to the run that was', async () => {
    // Of a different format: that comment always has the link.
    review({ version: 5 });
    expect(await comment([], job('workflow_run'))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Comment on pull request 8 created'),
    });
    expect(bodies()[0]).toContain('https://github.example/acme/net/actions/runs/42');
    expect(bodies()[0]).not.toContain('evil');
  });

  test.each([
    ['the branch is at another commit', { head_sha: 'e'.repeat(40) }],
    ['the pull request is closed', { head_branch: 'other' }],
    ['the fork is no more', { head_repository: null }],
    ['the branch is no more', { head_branch: null }],
  ])('%s: nothing is posted', async (_, changes) => {
    review();
    const run = await comment(['--json'], job('workflow_run', changes));
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({ action: 'skipped', url: null });
    expect(bodies()).toEqual([]);
  });

  test('whose code made the review is said', async () => {
    review();
    await comment([], job('workflow_run'));
    expect(bodies()[0]).toMatch(
      /\*\*Notes\*\*\n\n- This review was made by the pull request's own code, in a fork\./,
    );
  });

  test('of a list that holds more than was asked for, only the right one counts', async () => {
    github.listsAll = true;
    review();
    github.pulls.set(9, { from: 'alice:change', commit: COMMIT });
    expect(await comment([], job('workflow_run'))).toMatchObject({
      stdout: expect.stringContaining('pull request 8'),
    });
  });

  test('two pull requests from one branch: it does not guess', async () => {
    github.pulls.set(9, { from: 'mallory:change', commit: COMMIT });
    review();
    const run = await comment([], job('workflow_run'));
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toBe(
      'Several pull requests are from mallory:change: 8, 9.\nName the one that was reviewed with --pull-request.\n',
    );
    expect(await comment(['--pull-request', '9'], job('workflow_run'))).toMatchObject({ code: 0 });
  });

  test('names from the fork cannot leave their place', async () => {
    const network = 'x -->\n::error::\u202e"}<script>';
    review({ network });
    const from = 'mallory:a"b\u001b[31m\u202e';
    const run = await comment(['--json'], job('workflow_run', { head_branch: from.split(':')[1] }));
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: true, action: 'skipped' });
    const told = await comment([], job('workflow_run', { head_branch: from.split(':')[1] }));
    expect(told.stdout).toContain('mallory:a"b<U+001B>[31m<U+202E>');
    expect(await comment([], job('pull_request'))).toMatchObject({ code: 0 });
    expect(bodies()[0]?.split('\n')[0]).toBe(reviewMarker(network));
  });
});

describe('bad input: exit 2', () => {
  test.each<[string, () => void, string]>([
    ['no review', () => {}, 'There is no review in review.json.\nWrite one with bin/noencap diff --json.'],
    ['no JSON', () => writeFileSync(join(folder, 'review.json'), '{'), 'review.json: it is not JSON'],
    ['another document', () => review({ command: 'check' }), 'review.json: it is not a review: '],
    [
      'another document of another format',
      () => review({ command: 'check', version: 5 }),
      'it is of format 5',
    ],
    ['a field too many', () => review({ more: 1 }), 'review.json: it is not a review: '],
    [
      'a file too large',
      () => {
        review();
        truncateSync(join(folder, 'review.json'), 64 * 1024 * 1024 + 1);
      },
      'review.json is larger than any review: 67108865 bytes',
    ],
  ])('%s', async (_, prepare, message) => {
    prepare();
    const run = await comment([], job('pull_request'));
    expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
    const json = await comment(['--json'], job('pull_request'));
    expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, command: 'comment', ok: false });
    expect(github.exchanges).toEqual([]);
  });

  test.each<[string, () => NodeJS.ProcessEnv, string]>([
    [
      'an event of no pull request',
      () => job('push'),
      'The event of this run, "push", belongs to no pull request.',
    ],
    [
      'no event',
      () => ({ ...job('push'), GITHUB_EVENT_NAME: undefined }),
      'Nothing tells which pull request',
    ],
    [
      'an event that is not there',
      () => ({ ...job('pull_request'), GITHUB_EVENT_PATH: 'none' }),
      '"none" cannot be read',
    ],
    [
      'an event of another shape',
      () => ({ ...job('push'), GITHUB_EVENT_NAME: 'pull_request' }),
      'lacks something: pull_request: ',
    ],
  ])('%s', async (_, env, message) => {
    review();
    const run = await comment([], env());
    expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
    expect(run.stderr).toContain('--pull-request');
  });

  test.each(['0', '-1', 'seven', '1e3', '99999999999999999999'])('--pull-request %s', async (number) => {
    review();
    expect(await comment([`--pull-request=${number}`], job('push'))).toMatchObject({ code: 2, stdout: '' });
  });

  test('named, the pull request needs no event', async () => {
    review();
    expect(await comment(['--pull-request', '7'], job('push'))).toMatchObject({ code: 0 });
  });
});

describe('what the environment lacks: exit 3', () => {
  const cases: [string, Partial<NodeJS.ProcessEnv>, string, string][] = [
    ['no token', { GITHUB_TOKEN: '' }, 'There is no token', 'GITHUB_TOKEN'],
    ['a token in two lines', { GITHUB_TOKEN: `${TOKEN}\nx` }, 'is not a token', 'nothing else'],
    ['a token that is not valid', { GITHUB_TOKEN: 'ghp_wrong' }, 'rejects this token', 'GITHUB_TOKEN'],
    ['no repository', { GITHUB_REPOSITORY: 'net' }, 'GITHUB_REPOSITORY', 'owner/name'],
    [
      'another repository',
      { GITHUB_REPOSITORY: 'acme/other' },
      'no pull request 7 in acme/other',
      'repository',
    ],
    ['an API that is no address', { GITHUB_API_URL: 'file:///etc/passwd' }, 'not a web address', 'https://'],
  ];
  test.each(cases)('%s', async (_, changes, message, fix) => {
    review();
    const run = await comment([], { ...job('pull_request'), ...changes });
    expect(run).toMatchObject({ code: 3, stdout: '' });
    const [first, second, ...more] = run.stderr.trimEnd().split('\n');
    expect(first).toContain(message);
    expect(second).toContain(fix);
    expect(more).toEqual([]);
  });

  test.each<[string, () => void, string]>([
    [
      'a token that may only read',
      () => github.always('POST', () => problem(403, 'Resource not accessible by integration')),
      'GitHub does not let this token write comments: Resource not accessible by integration.',
    ],
    [
      'a limit of an hour',
      () => github.always('POST', () => problem(429, 'API rate limit exceeded', { 'retry-after': '3600' })),
      'Run it again in 3600 seconds.',
    ],
    [
      'an answer that holds the token',
      () =>
        github.always('POST', ({ body }) => problem(422, `${TOKEN} and ${'x'.repeat(280)}${TOKEN} ${body}`)),
      '***',
    ],
    [
      'a redirect to another host',
      () =>
        github.always('POST', () => ({
          status: 307,
          headers: { location: 'http://127.0.0.2:1/' },
          body: {},
        })),
      'GitHub redirects this request elsewhere',
    ],
  ])('%s', async (_, prepare, message) => {
    review();
    prepare();
    const run = await comment([], job('pull_request'));
    expect(run).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(message) });
    const json = await comment(['--json'], job('pull_request'));
    expect(json).toMatchObject({ code: 3, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, faults: [{ code: 'github' }] });
  });

  test('a GitHub that is not reached', async () => {
    review();
    const env = job('pull_request');
    const other = await startGitHub();
    await other.close();
    const run = await comment([], { ...env, GITHUB_API_URL: other.url });
    expect(run).toMatchObject({ code: 3, stdout: '' });
    expect(run.stderr).toMatch(/^GitHub cannot be reached at http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });
});

test('GitHub asks to wait a second: it waits, and posts', async () => {
  review();
  github.once('GET', () => problem(429, 'You have exceeded a secondary rate limit.', { 'retry-after': '1' }));
  github.once('POST', () =>
    problem(403, 'You have exceeded a secondary rate limit.', { 'retry-after': '1' }),
  );
  const before = Date.now();
  expect(await comment([], job('pull_request'))).toMatchObject({ code: 0, stderr: '' });
  expect(Date.now() - before).toBeGreaterThan(2000);
  expect(github.comments).toHaveLength(1);
});

test('a slow GitHub is waited for', async () => {
  review();
  github.once('GET', async () => {
    await sleep(1500);
    return undefined;
  });
  expect(await comment([], job('pull_request'))).toMatchObject({ code: 0 });
});
