import { driftMarker, type Issues, keepIssue, type WantedIssue } from '../../drift/issue.ts';
import { openGitHub } from '../../github/client.ts';
import { refused } from '../../review/upsert.ts';
import { BOT, type GitHub, problem, type StoredIssue, startGitHub, TOKEN } from './server.ts';

let github: GitHub;

beforeEach(async () => {
  github = await startGitHub();
});

afterEach(async () => {
  await github.close();
  expect(github.violations()).toEqual([]);
});

/** A second of waiting for GitHub is a millisecond here. */
const issues = (): Issues =>
  openGitHub({ api: github.url, token: TOKEN, owner: 'acme', repo: 'net', patience: { second: 1 } }).issues;

const MARKER = driftMarker('home');
const keep = (state: WantedIssue['state'], text = 'new', open = issues()) =>
  keepIssue(open, { marker: MARKER, title: 'Drift', text, state });

const has = (...some: readonly Partial<StoredIssue>[]) => {
  for (const one of some) {
    const number = github.issues.length + 1;
    github.issues.push({
      number,
      author: BOT,
      title: 'Drift',
      body: `${MARKER}\nold`,
      state: 'open',
      ...one,
    });
  }
};

const open = () => github.issues.filter(({ state }) => state === 'open');
const writes = () => github.methods().filter((method) => method !== 'GET');
const LIMITED = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

test('opens it, leaves it alone, renews it, closes it, and opens another the next time', async () => {
  expect(await keep('drift')).toEqual({
    action: 'created',
    url: 'https://github.example/acme/net/issues/1000',
    surplus: 0,
  });
  expect(open()).toEqual([
    { number: 1000, author: BOT, title: 'Drift', body: `${MARKER}\nnew`, state: 'open' },
  ]);
  expect(await keep('drift')).toMatchObject({ action: 'unchanged' });
  expect(await keep('drift', 'newer')).toMatchObject({ action: 'updated' });
  expect(open()).toMatchObject([{ number: 1000, body: `${MARKER}\nnewer` }]);
  expect(await keep('none', 'gone')).toMatchObject({ action: 'closed' });
  expect(github.issues).toMatchObject([
    { number: 1000, state: 'closed', reason: 'completed', body: `${MARKER}\ngone` },
  ]);
  expect(await keep('none')).toEqual({ action: 'none', url: null, surplus: 0 });
  expect(await keep('drift')).toMatchObject({ action: 'created' });
  expect(github.issues.map(({ state }) => state)).toEqual(['closed', 'open']);
  expect(writes()).toEqual(['POST', 'PATCH', 'PATCH', 'POST']);
});

test('unknown neither closes nor opens, and an open one says so', async () => {
  expect(await keep('unknown')).toMatchObject({ action: 'none' });
  expect(writes()).toEqual([]);
  has({});
  expect(await keep('unknown', 'who knows')).toMatchObject({ action: 'updated' });
  expect(open()).toMatchObject([{ body: `${MARKER}\nwho knows` }]);
  expect(await keep('unknown', 'who knows')).toMatchObject({ action: 'unchanged' });
});

test('of several the oldest stays; others are closed as not planned', async () => {
  has({}, { body: 'something else' }, {}, {});
  expect(await keep('drift')).toMatchObject({ action: 'updated', surplus: 2 });
  expect(github.issues.map(({ number, state, reason }) => [number, state, reason])).toEqual([
    [1, 'open', undefined],
    [2, 'open', undefined],
    [3, 'closed', 'not_planned'],
    [4, 'closed', 'not_planned'],
  ]);
});

test('when drift is gone, all are closed', async () => {
  has({}, {}, {});
  expect(await keep('none')).toMatchObject({ action: 'closed', surplus: 2 });
  expect(open()).toEqual([]);
});

test('what others wrote stays as it is: a planted marker, another network, a pull request, a deleted account', async () => {
  has(
    { author: 'mallory' },
    { author: null },
    { body: `${driftMarker('home2')}\nold` },
    { body: `hello\n${MARKER}` },
    { body: null },
    { isPullRequest: true },
  );
  const before = structuredClone(github.issues);
  expect(await keep('none')).toMatchObject({ action: 'none' });
  expect(await keep('drift')).toMatchObject({ action: 'created' });
  expect(github.issues.slice(0, 6)).toEqual(before);
});

test('finds its issue on the third page, among pull requests', async () => {
  has(
    ...Array.from({ length: 230 }, (_, at) => ({ author: 'alice', body: 'x', isPullRequest: at % 2 === 0 })),
    {},
  );
  expect(await keep('drift')).toMatchObject({ action: 'updated' });
  expect(github.methods()).toEqual(['GET', 'GET', 'GET', 'PATCH']);
});

test('the token of a separate app finds what that app wrote', async () => {
  github.viewer = 'drift-app[bot]';
  has({}, { author: 'drift-app[bot]' });
  expect(await keep('none')).toMatchObject({ action: 'closed' });
  expect(open()).toMatchObject([{ number: 1, author: BOT }]);
});

test('two runs at once leave one', async () => {
  const both = await Promise.all([keep('drift', 'one'), keep('drift', 'two')]);
  expect(both.every((one) => !refused(one))).toBe(true);
  await keep('drift', 'three');
  expect(open()).toMatchObject([{ body: `${MARKER}\nthree` }]);
});

test('one that was opened although the answer was lost is not opened again', async () => {
  github.once('POST', ({ body }) => {
    const { title, body: text } = JSON.parse(body);
    github.issues.push({ number: 5, author: BOT, title, body: text, state: 'open' });
    return 'hang up';
  });
  expect(await keep('drift')).toMatchObject({ url: 'https://github.example/acme/net/issues/5' });
  expect(open()).toHaveLength(1);
});

test('one that is deleted between list and update is opened again', async () => {
  has({});
  github.once('PATCH', () => {
    github.issues.pop();
    return undefined;
  });
  expect(await keep('drift')).toMatchObject({ action: 'created' });
  expect(open()).toHaveLength(1);
});

test('waits as GitHub asks, and then looks again', async () => {
  github.once('POST', () => problem(403, LIMITED, { 'retry-after': '2' }));
  expect(await keep('drift')).toMatchObject({ action: 'created' });
  expect(github.methods()).toEqual(['GET', 'POST', 'GET', 'POST', 'GET']);
});

test.each([
  [
    403,
    'Resource not accessible by integration',
    'GitHub does not let this token open issues',
    'permissions: {issues: write}',
  ],
  [
    410,
    'Issues has been disabled in this repository.',
    'GitHub lets nobody open issues there',
    'Switch issues on',
  ],
  [422, 'Validation Failed', 'GitHub rejects what it should open issue', 'issue --print'],
] as const)('%i is told with its fix', async (status, said, message, fix) => {
  github.always('POST', () => problem(status, said));
  expect(await keep('drift')).toMatchObject({
    message: expect.stringContaining(message),
    fix: expect.stringContaining(fix),
  });
});
