import fc from 'fast-check';
import {
  type Comment,
  commentBody,
  type Refusal,
  reviewMarker,
  type Thread,
  upsert,
} from '../../review/upsert.ts';

const BOT = 'github-actions[bot]';
const HEAD = 'a'.repeat(40);
const MARKER = reviewMarker('home');

/** A pull request in memory, with pages of three. */
interface Pull {
  comments: Comment[];
  head: string;
  next: number;
  waited: number[];
  asked: string[];
}

const pullWith = (...comments: readonly [author: string | undefined, body: string][]): Pull => ({
  comments: comments.map(([author, body], index) => ({ id: index + 1, author, body, url: `#${index + 1}` })),
  head: HEAD,
  next: comments.length + 1,
  waited: [],
  asked: [],
});

/** The view of one token. Each request waits for `turn` before it takes effect. */
function threadOf(
  pull: Pull,
  { viewer = BOT as string | undefined, author = BOT, turn = async () => {} } = {},
) {
  const at = async (what: string) => {
    await turn();
    pull.asked.push(what);
  };
  const thread: Thread = {
    viewer: async () => viewer,
    head: async () => {
      await at('head');
      return { commit: pull.head };
    },
    comments: async (page) => {
      await at('comments');
      return { comments: pull.comments.slice(page * 3 - 3, page * 3), more: pull.comments.length > page * 3 };
    },
    create: async (body) => {
      await at('create');
      const comment = { id: pull.next, author, body, url: `#${pull.next++}` };
      pull.comments = [...pull.comments, comment];
      return comment;
    },
    update: async (id, body) => {
      await at(`update ${id}`);
      const comment = pull.comments.find((one) => one.id === id);
      if (comment === undefined) return 'gone';
      const updated = { ...comment, body };
      pull.comments = pull.comments.map((one) => (one.id === id ? updated : one));
      return updated;
    },
    remove: async (id) => {
      await at(`remove ${id}`);
      pull.comments = pull.comments.filter((one) => one.id !== id);
      return 'gone';
    },
    wait: async (seconds) => void pull.waited.push(seconds),
  };
  return thread;
}

const wanted = (text = 'new', head: string | undefined = HEAD) => ({ marker: MARKER, text, head });
const bodies = (pull: Pull) => pull.comments.map(({ body }) => body);
const writes = (pull: Pull) => pull.asked.filter((what) => !['head', 'comments'].includes(what));
const old = commentBody(MARKER, 'old');
const current = commentBody(MARKER, 'new');

test('if there is none, it creates one', async () => {
  const pull = pullWith(['alice', 'nice']);
  expect(await upsert(threadOf(pull), wanted())).toEqual({ action: 'created', url: '#2', removed: 0 });
  expect(bodies(pull)).toEqual(['nice', current]);
});

test('it updates its comment in place', async () => {
  const pull = pullWith([BOT, old], ['alice', 'nice']);
  expect(await upsert(threadOf(pull), wanted())).toEqual({ action: 'updated', url: '#1', removed: 0 });
  expect(bodies(pull)).toEqual([current, 'nice']);
});

test.each([
  ['the same text', current],
  ['line ends and white space as GitHub gives them back', `${current.replaceAll('\n', '\r\n')}\r\n`],
])('%s is not written again', async (_, body) => {
  const pull = pullWith([BOT, body]);
  expect(await upsert(threadOf(pull), wanted())).toEqual({ action: 'unchanged', url: '#1', removed: 0 });
  expect(writes(pull)).toEqual([]);
});

test('of several it keeps the oldest, wherever they are', async () => {
  const others: [string, string][] = Array.from({ length: 5 }, () => ['alice', 'nice']);
  const pull = pullWith(...others, [BOT, old], ...others, [BOT, current], [BOT, old]);
  expect(await upsert(threadOf(pull), wanted())).toEqual({ action: 'updated', url: '#6', removed: 2 });
  expect(writes(pull)).toEqual(['update 6', 'remove 12', 'remove 13']);
});

test.each([
  ['another author', 'mallory', old],
  ['an account that is no more', undefined, old],
  ['another bot', 'evil[bot]', old],
  ['a marker below the first line', BOT, `hello\n${old}`],
  ['a marker behind a blank', BOT, ` ${old}`],
  ['a marker with text behind it', BOT, old.replace('\n', ' and more\n')],
  ['the marker of another network', BOT, commentBody(reviewMarker('home-2'), 'old')],
])('%s is not ours', async (_, author, body) => {
  const pull = pullWith([author, body]);
  expect(await upsert(threadOf(pull), wanted())).toMatchObject({ action: 'created' });
  expect(bodies(pull)).toEqual([body, current]);
});

test('with its own token it has the identity of that token', async () => {
  const pull = pullWith([BOT, old], ['review-app[bot]', old]);
  const thread = threadOf(pull, { viewer: 'review-app[bot]', author: 'review-app[bot]' });
  expect(await upsert(thread, wanted())).toMatchObject({ action: 'updated', url: '#2' });
  expect(bodies(pull)).toEqual([old, current]);
});

test('if GitHub does not tell its identity, it is the bot of Actions', async () => {
  const pull = pullWith(['mallory', old], [BOT, old]);
  expect(await upsert(threadOf(pull, { viewer: undefined }), wanted())).toMatchObject({ action: 'updated' });
  expect(writes(pull)).toEqual(['update 2']);
});

test('if it is not that either, the comment that it creates shows its identity', async () => {
  const pull = pullWith(['mallory', old], ['review-app[bot]', old]);
  const thread = threadOf(pull, { viewer: undefined, author: 'review-app[bot]' });
  expect(await upsert(thread, wanted())).toEqual({ action: 'created', url: '#2', removed: 1 });
  expect(bodies(pull)).toEqual([old, current]);
});

test('a comment deleted in the meantime is created again', async () => {
  const pull = pullWith([BOT, old]);
  const thread = threadOf(pull);
  const update: Thread['update'] = async (id, body) => {
    pull.comments = [];
    return thread.update(id, body);
  };
  expect(await upsert({ ...thread, update }, wanted())).toMatchObject({ action: 'created', url: '#2' });
  expect(bodies(pull)).toEqual([current]);
});

test('a list that lags behind does not make it create a second one', async () => {
  const pull = pullWith();
  const comments: Thread['comments'] = async () => ({ comments: [], more: false });
  expect(await upsert({ ...threadOf(pull), comments }, wanted())).toMatchObject({ action: 'created' });
  expect(writes(pull)).toEqual(['create']);
});

test('a comment that keeps changing does not loop forever', async () => {
  const pull = pullWith([BOT, old]);
  const update: Thread['update'] = async () => 'gone';
  const comments: Thread['comments'] = async () => ({
    comments: [{ id: pull.next++, author: BOT, body: old, url: '' }],
    more: false,
  });
  expect(await upsert({ ...threadOf(pull), update, comments }, wanted())).toMatchObject({
    message: 'The comment on the pull request keeps changing after it is written',
  });
});

describe('a run for an older commit', () => {
  test('writes nothing', async () => {
    const pull = pullWith([BOT, current]);
    const answer = await upsert(threadOf(pull), wanted('older', 'b'.repeat(40)));
    expect(answer).toEqual({ action: 'skipped', url: '#1', removed: 0, movedTo: HEAD });
    expect(bodies(pull)).toEqual([current]);
  });

  test('writes nothing either if it became one while GitHub let it wait', async () => {
    const pull = pullWith([BOT, old]);
    const busy: Refusal = { message: 'slow down', fix: 'wait', after: 30 };
    const thread = threadOf(pull);
    const wait: Thread['wait'] = async () => {
      pull.head = 'c'.repeat(40);
      await threadOf(pull).update(1, commentBody(MARKER, 'newer'));
    };
    const answer = await upsert({ ...thread, wait, update: async () => busy }, wanted());
    expect(answer).toMatchObject({ action: 'skipped', movedTo: pull.head });
    expect(bodies(pull)).toEqual([commentBody(MARKER, 'newer')]);
  });

  test('if the commit is unknown, the text counts', async () => {
    const pull = pullWith([BOT, old]);
    expect(await upsert(threadOf(pull), { marker: MARKER, text: 'new', head: undefined })).toMatchObject({
      action: 'updated',
    });
    expect(pull.asked).not.toContain('head');
  });
});

describe('what GitHub does not do', () => {
  const busy: Refusal = { message: 'busy', fix: 'wait', after: 5 };
  const never: Refusal = { message: 'no', fix: 'ask somebody' };

  test.each(['head', 'comments', 'create'] as const)('%s: the refusal is the answer', async (what) => {
    const pull = pullWith();
    expect(await upsert({ ...threadOf(pull), [what]: async () => never }, wanted())).toBe(never);
  });

  test.each(['update', 'remove'] as const)('%s: the refusal is the answer', async (what) => {
    const pull = pullWith([BOT, old], [BOT, old]);
    expect(await upsert({ ...threadOf(pull), [what]: async () => never }, wanted())).toBe(never);
  });

  test.each(['create', 'update', 'remove'] as const)('%s: it waits three times at most', async (what) => {
    const pull = what === 'create' ? pullWith() : pullWith([BOT, old], [BOT, old]);
    expect(await upsert({ ...threadOf(pull), [what]: async () => busy }, wanted())).toBe(busy);
    expect(pull.waited).toEqual([5, 5, 5]);
  });

  test('a create whose answer was lost is found, not repeated', async () => {
    const pull = pullWith();
    const thread = threadOf(pull);
    const create: Thread['create'] = async (body) => {
      await thread.create(body);
      return busy;
    };
    expect(await upsert({ ...thread, create }, wanted())).toEqual({
      action: 'unchanged',
      url: '#1',
      removed: 0,
    });
    expect(bodies(pull)).toEqual([current]);
  });
});

test('racing runs, in whatever order, agree on one comment, for the newest commit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.constantFrom<[string, string]>([BOT, old], ['mallory', old], ['alice', 'nice']), {
        maxLength: 5,
      }),
      async (scheduler, runs, before) => {
        const pull = pullWith(...before);
        const turn = () => scheduler.schedule(Promise.resolve());
        const done = Promise.all([
          ...Array.from({ length: runs }, (_, run) =>
            upsert(threadOf(pull, { turn }), wanted(`of run ${run}`)),
          ),
          upsert(threadOf(pull, { turn }), wanted('of an older commit', 'b'.repeat(40))),
        ]);
        await scheduler.waitFor(done);
        const ours = pull.comments.filter(({ author }) => author === BOT);
        expect(ours).toHaveLength(1);
        expect(ours[0]?.body).toMatch(new RegExp(`^${MARKER}\nof run [0-3]$`));
        const others = pull.comments.filter(({ author }) => author !== BOT);
        expect(others.map(({ body }) => body)).toEqual(
          before.filter(([author]) => author !== BOT).map(([, body]) => body),
        );
      },
    ),
  );
});

describe('markers', () => {
  test.each([
    ['home', '<!-- noencap review: home -->'],
    ['home 2', '<!-- noencap review: home%202 -->'],
    ['a-b', '<!-- noencap review: a-b -->'],
    ['a--b-', '<!-- noencap review: a%2D-b%2D -->'],
    ['--> <script>', '<!-- noencap review: %2D-%3E%20%3Cscript%3E -->'],
    ['@team', '<!-- noencap review: %40team -->'],
  ])('%j: %s', (name, marker) => expect(reviewMarker(name)).toBe(marker));

  test('whatever the name, it is one line, one HTML comment, short, and starts no other', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('-', '>', '!', '\n', 'a', '%', '2', 'D') }),
    );
    fc.assert(
      fc.property(name, name, (one, other) => {
        const marker = reviewMarker(one);
        expect(marker).toMatch(/^<!-- [^\r\n]* -->$/);
        expect(marker.slice(4, -3)).not.toMatch(/--|>/);
        expect(marker.length).toBeLessThan(150);
        if (one !== other) expect(reviewMarker(other).startsWith(marker)).toBe(false);
      }),
    );
  });

  test('neither a lone surrogate nor a very long name makes it fail', () => {
    expect(reviewMarker('a\ud800')).toBe('<!-- noencap review: a%EF%BF%BD -->');
    expect(reviewMarker('a'.repeat(100_000))).toMatch(/^<!-- noencap review: [0-9a-f]{40} -->$/);
  });
});
