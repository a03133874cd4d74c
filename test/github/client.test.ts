import { setTimeout as sleep } from 'node:timers/promises';
import { openGitHub, type Patience } from '../../github/client.ts';
import { commentBody, refused, reviewMarker, upsert } from '../../review/upsert.ts';
import { violations } from './openapi.ts';
import { BOT, COMMIT, type GitHub, problem, startGitHub, TOKEN } from './server.ts';

let github: GitHub;

beforeEach(async () => {
  github = await startGitHub();
});

afterEach(async () => {
  await github.close();
  expect(github.violations()).toEqual([]);
});

/** A second of waiting for GitHub is a millisecond here. */
const open = (patience: Partial<Patience> = {}, api = github.url, token = TOKEN) =>
  openGitHub({ api, token, owner: 'acme', repo: 'net', patience: { second: 1, ...patience } });

const MARKER = reviewMarker('home');
const OLD = commentBody(MARKER, 'old');
const NEW = commentBody(MARKER, 'new');

const post = (repository = open(), number = 7, text = 'new') =>
  upsert(repository.thread(number), { marker: MARKER, text, head: COMMIT });

const has = (...comments: readonly [author: string | null, body: string][]) => {
  comments.forEach(([author, body], index) => {
    github.comments.push({ id: index + 1, author, body });
  });
};

const bodies = () => github.comments.map(({ body }) => body);
const LIMITED = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

test('creates, updates and leaves alone', async () => {
  expect(await post()).toMatchObject({ action: 'created', removed: 0 });
  expect(bodies()).toEqual([NEW]);
  expect(await post()).toMatchObject({ action: 'unchanged' });
  expect(await post(open(), 7, 'newer')).toMatchObject({
    action: 'updated',
    url: 'https://github.example/acme/net/pull/7#issuecomment-1000',
  });
  expect(bodies()).toEqual([commentBody(MARKER, 'newer')]);
  expect(github.methods().filter((method) => method !== 'GET')).toEqual(['POST', 'PATCH']);
});

test('finds its comment on the third page, and others of its own on the second', async () => {
  has(...Array.from({ length: 250 }, (): [string, string] => ['alice', 'nice']), [BOT, OLD]);
  github.comments.splice(150, 1, { id: 151, author: BOT, body: OLD });
  expect(await post()).toMatchObject({ action: 'updated', removed: 1 });
  expect(github.comments.filter(({ author }) => author === BOT)).toEqual([
    { id: 151, author: BOT, body: NEW },
  ]);
  expect(github.comments).toHaveLength(250);
});

test('a planted marker, and a comment of a deleted account, stay as they are', async () => {
  has(['mallory', OLD], [null, OLD]);
  expect(await post()).toMatchObject({ action: 'created' });
  expect(bodies()).toEqual([OLD, OLD, NEW]);
});

test('the token of a separate app finds what that app wrote', async () => {
  github.viewer = 'review-app[bot]';
  has([BOT, OLD], ['review-app[bot]', OLD]);
  expect(await post()).toMatchObject({ action: 'updated' });
  expect(bodies()).toEqual([OLD, NEW]);
});

test('if GraphQL is refused it is still the bot of Actions', async () => {
  github.viewer = null;
  has([BOT, OLD]);
  expect(await post()).toMatchObject({ action: 'updated' });
});

test('a comment deleted between list and update is created again', async () => {
  has([BOT, OLD]);
  github.once('PATCH', () => {
    github.comments.length = 0;
    return undefined;
  });
  expect(await post()).toMatchObject({ action: 'created' });
  expect(bodies()).toEqual([NEW]);
});

test('two runs that both find none agree on one comment', async () => {
  let waiting = 0;
  let both = () => {};
  const released = new Promise<void>((resolve) => {
    both = resolve;
  });
  // Neither may create before both have checked.
  github.always('POST', async () => {
    if (++waiting === 2) both();
    await released;
    return undefined;
  });
  const answers = await Promise.all([post(open(), 7, 'one'), post(open(), 7, 'two')]);
  expect(answers.some(refused)).toBe(false);
  expect(github.methods().filter((method) => method === 'POST')).toHaveLength(2);
  expect(github.comments).toHaveLength(1);
});

test('a run for a commit that the pull request has left writes nothing', async () => {
  github.pulls.set(7, { from: 'acme:change', commit: 'b'.repeat(40) });
  has([BOT, OLD]);
  expect(await post()).toMatchObject({ action: 'skipped', movedTo: 'b'.repeat(40) });
  expect(bodies()).toEqual([OLD]);
});

test('lists the open pull requests from a branch', async () => {
  github.pulls.set(8, { from: 'mallory:change', commit: COMMIT });
  expect(await open().pullRequests('mallory:change')).toEqual({
    pullRequests: [{ number: 8, from: 'mallory:change', commit: COMMIT }],
  });
  expect(await open().pullRequests('nobody:change')).toEqual({ pullRequests: [] });
});

describe('a comment as long as GitHub accepts', () => {
  const text = (length: number) => 'x'.repeat(length - commentBody(MARKER, '').length);

  test.each(['create', 'update'])('65,536 characters: %s', async (what) => {
    if (what === 'update') has([BOT, OLD]);
    expect(await post(open(), 7, text(65_536))).toMatchObject({ action: `${what}d` });
  });

  test.each(['create', 'update'])('one more: %s', async (what) => {
    if (what === 'update') has([BOT, OLD]);
    expect(await post(open(), 7, text(65_537))).toMatchObject({
      message: expect.stringContaining('Validation Failed: Body is too long (maximum is 65536 characters)'),
      fix: expect.stringContaining('noencap comment --print'),
    });
    expect(github.methods().filter((method) => method !== 'GET')).toHaveLength(1);
  });
});

describe('repeats what GitHub could not do', () => {
  test.each([500, 502, 503])('a read that is answered %d', async (status) => {
    github.once('GET', () => problem(status, 'Server Error'));
    github.once('GET', () => problem(status, 'Server Error'));
    expect(await post()).toMatchObject({ action: 'created' });
  });

  test.each([500, 502, 503])('a create that is answered %d', async (status) => {
    github.once('POST', () => problem(status, 'Server Error'));
    expect(await post()).toMatchObject({ action: 'created' });
    expect(bodies()).toEqual([NEW]);
  });

  test('a create that is answered 502 although it was done: no second comment', async () => {
    github.once('POST', () => {
      github.comments.push({ id: 5, author: BOT, body: NEW });
      return problem(502, 'Server Error');
    });
    expect(await post()).toMatchObject({ action: 'unchanged' });
    expect(bodies()).toEqual([NEW]);
  });

  test('a connection that ends, and an answer that breaks off', async () => {
    github.once('GET', () => 'hang up');
    github.once('GET', () => 'break off');
    github.once('PATCH', () => 'hang up');
    has([BOT, OLD]);
    const answer = await post();
    expect(answer).toMatchObject({ action: 'updated' });
  });

  test.each([
    ['429, with Retry-After', 429, LIMITED, { 'retry-after': '7' }],
    ['403, with Retry-After', 403, LIMITED, { 'retry-after': '7' }],
    ['403, without', 403, LIMITED, {}],
    ['the hourly limit, which ends soon', 403, 'API rate limit exceeded', soon()],
  ])('limits: %s', async (_, status, message, headers) => {
    github.once('GET', () => problem(status, message, headers));
    github.once('POST', () => problem(status, message, headers));
    expect(await post()).toMatchObject({ action: 'created' });
    expect(bodies()).toEqual([NEW]);
  });

  function soon() {
    const reset = Math.floor(Date.now() / 1000) + 20;
    return { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
  }
});

describe('gives up on', () => {
  test.each([
    ['a server that stays broken', problem(502, 'Server Error'), 4, 'answered 502', 'githubstatus.com'],
    [
      'a limit that stays',
      problem(429, LIMITED, { 'retry-after': '60' }),
      3,
      'rate limit is exceeded',
      'Run it again in 60 seconds.',
    ],
    [
      'a limit of half an hour, at once',
      problem(403, LIMITED, { 'retry-after': '1800' }),
      1,
      'rate limit is exceeded',
      'Run it again in 1800 seconds.',
    ],
    [
      'an API that is gone',
      problem(404, 'Not Found'),
      1,
      'no pull request 7 in acme/net',
      'pull-requests: write',
    ],
    ['a proxy', { status: 200, body: '<html>Log in</html>' }, 1, "is not GitHub's API", 'GITHUB_API_URL'],
    [
      'an answer of another shape',
      { status: 200, body: { id: 1 } },
      1,
      "is not GitHub's API",
      'GITHUB_API_URL',
    ],
  ] as const)('%s', async (_, answer, asked, says, fix) => {
    const isGitHub = answer.status !== 200;
    github.always('GET', () => answer);
    const refusal = await open().thread(7).comments(1);
    expect(refusal).toMatchObject({
      message: expect.stringContaining(says),
      fix: expect.stringContaining(fix),
    });
    expect(github.methods()).toHaveLength(asked);
    // An answer that is not GitHub's does not match GitHub's description.
    if (!isGitHub) (github.exchanges as unknown[]).length = 0;
  });

  test('a write that stays limited, after three waits', async () => {
    github.always('POST', () => problem(429, LIMITED, { 'retry-after': '60' }));
    expect(await post()).toMatchObject({ message: expect.stringContaining('rate limit is exceeded') });
    expect(github.methods().filter((method) => method === 'POST')).toHaveLength(4);
  });

  test.each(['POST', 'PATCH'])('%s with a token that only reads', async (method) => {
    if (method === 'PATCH') has([BOT, OLD]);
    github.always(method, () => problem(403, 'Resource not accessible by integration'));
    const refusal = await post();
    expect(refusal).toMatchObject({
      message: expect.stringMatching(
        /^GitHub does not let this token (write|edit) comments: Resource not accessible by integration$/,
      ),
      fix: expect.stringContaining('permissions: {pull-requests: write}'),
    });
    expect(github.methods().filter((one) => one === method)).toHaveLength(1);
  });

  test('a token that is not valid', async () => {
    expect(await post(open({}, github.url, 'ghp_wrong'))).toMatchObject({
      message: 'GitHub rejects this token',
    });
  });

  test('a pull request that is not there', async () => {
    expect(await post(open(), 8)).toMatchObject({
      message: 'GitHub shows this token no pull request 8 in acme/net',
    });
  });

  test('a host that does not answer', async () => {
    const other = await startGitHub();
    await other.close();
    expect(await post(open({}, other.url))).toMatchObject({
      message: expect.stringMatching(/^GitHub cannot be reached at http:.*ECONNREFUSED/),
    });
  });

  test('a host that takes too long, within its time limit', async () => {
    github.always('GET', async () => {
      await sleep(600_000, undefined, { ref: false });
      return undefined;
    });
    expect(await post(open({ request: 50, total: 100 }))).toMatchObject({
      message: expect.stringMatching(/^GitHub cannot be reached at http:.*timeout/),
    });
  });
});

describe('redirects', () => {
  test('of a repository that was renamed are followed, with method and body', async () => {
    const elsewhere = (asked: { url: string }) =>
      asked.url.startsWith('/repos/acme/net')
        ? undefined
        : {
            status: 307,
            headers: { location: asked.url.replace('/repos/acme/old', '/repos/acme/net') },
            body: {},
          };
    github.always('GET', elsewhere);
    github.always('POST', elsewhere);
    const repository = openGitHub({
      api: github.url,
      token: TOKEN,
      owner: 'acme',
      repo: 'old',
      patience: { second: 1 },
    });
    expect(await post(repository)).toMatchObject({ action: 'created' });
    expect(bodies()).toEqual([NEW]);
  });

  test.each(['GET', 'POST'])('to another host end there: %s', async (method) => {
    const other = await startGitHub();
    github.always(method, ({ url }) => ({ status: 307, headers: { location: other.url + url }, body: {} }));
    expect(await post()).toMatchObject({
      message: `GitHub redirects this request elsewhere, but the token is sent only to ${github.url}`,
    });
    expect(other.exchanges).toEqual([]);
    await other.close();
  });

  test('in a circle end', async () => {
    github.always('GET', ({ url }) => ({ status: 307, headers: { location: url }, body: {} }));
    expect(await post()).toMatchObject({ message: expect.stringContaining('elsewhere') });
    expect(github.methods()).toHaveLength(4);
  });
});

test('an Enterprise Server has its API below a path, and GraphQL beside it', async () => {
  const asked: string[] = [];
  const fetched = jest.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    asked.push(String(input));
    return new Response(JSON.stringify({ data: { viewer: { login: 'me' } } }), {
      headers: { 'content-type': 'application/json' },
    });
  });
  try {
    const thread = open({}, 'https://ghes.example/api/v3/').thread(7);
    expect(await thread.viewer()).toBe('me');
    await thread.head();
  } finally {
    fetched.mockRestore();
  }
  expect(asked).toEqual([
    'https://ghes.example/api/graphql',
    'https://ghes.example/api/v3/repos/acme/net/pulls/7',
  ]);
});

test('the description itself catches deviations', () => {
  const fine = {
    method: 'POST',
    url: '/repos/acme/net/issues/7/comments',
    headers: {
      accept: 'application/vnd.github.v3+json',
      authorization: `token ${TOKEN}`,
      'user-agent': 'noencap',
      'x-github-api-version': '2022-11-28',
      'content-type': 'application/json; charset=utf-8',
    },
    body: '{"body":"x"}',
    status: 404,
    answer: { message: 'Not Found' },
  };
  expect(violations(fine)).toEqual([]);
  for (const wrong of [
    { url: '/repos/acme/net/issues/7/commnets' },
    { url: '/repos/acme/net/issues/seven/comments' },
    { url: '/repos/acme/net/issues/7/comments?page=1' },
    { method: 'PUT' },
    { headers: { ...fine.headers, accept: 'text/html' } },
    { headers: { ...fine.headers, authorization: undefined } },
    { headers: { ...fine.headers, 'user-agent': undefined } },
    { headers: { ...fine.headers, 'content-type': undefined } },
    { body: '{"body":1}' },
    { body: '{}' },
    { body: '{"body":"x","text":"y"}' },
    { status: 418 },
    { status: 201 },
    { answer: { message: 1 } },
  ]) {
    expect({ wrong, caught: violations({ ...fine, ...wrong }).length > 0 }).toEqual({ wrong, caught: true });
  }
});
