import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Exchange, sample, violations } from './openapi.ts';

export interface StoredComment {
  readonly id: number;
  /** Null for a deleted account. */
  readonly author: string | null;
  body: string;
}

export interface StoredIssue {
  readonly number: number;
  readonly author: string | null;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  reason?: string | null;
  /** GitHub lists pull requests among the issues. */
  readonly isPullRequest?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** A connection that ends before or during the answer. */
type Broken = 'hang up' | 'break off';

/** Answers in place of the server; undefined lets the server answer. */
type Interceptor = (asked: Asked) => Answer | Broken | undefined | Promise<Answer | Broken | undefined>;

export interface GitHub {
  readonly url: string;
  readonly comments: StoredComment[];
  readonly issues: StoredIssue[];
  /** The open pull requests: number to branch and commit. */
  readonly pulls: Map<number, { from: string; commit: string }>;
  readonly exchanges: readonly Exchange[];
  /** The GraphQL answer: null if it refuses. */
  viewer: string | null;
  /** Lists pull requests as if no branch had been given. */
  listsAll: boolean;
  /** Asked in order; one that has answered is not asked again unless it is `always`. */
  once(method: string, interceptor: Interceptor): void;
  always(method: string, interceptor: Interceptor): void;
  /** The methods of incoming requests (`POST`, `PATCH` and so on), without GraphQL. */
  methods(): string[];
  /** All deviations of requests and answers from GitHub's description. */
  violations(): string[];
  close(): Promise<void>;
}

export const BOT = 'github-actions[bot]';
export const TOKEN = 'ghs_0123456789abcdefghijABCDEFGHIJ012345';
export const COMMIT = 'a'.repeat(40);

/** Characters in a comment. GitHub counts the body of a create and of an update alike. */
const LONGEST = 65_536;

/** A GitHub with the repository `acme/net` and its pull request 7, which stores comments and accepts one token. */
export async function startGitHub(): Promise<GitHub> {
  const exchanges: Exchange[] = [];
  const interceptors: { method: string; intercept: Interceptor; always: boolean }[] = [];
  let next = 1000;
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const body = await textOf(request);
    const answer = await answerTo({ method, url, body }, headers.authorization);
    if (typeof answer === 'string') {
      if (answer === 'hang up') response.destroy();
      else {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('[{"id":', () => response.destroy());
      }
      return;
    }
    if (url !== '/graphql') {
      exchanges.push({ method, url, headers, body, status: answer.status, answer: answer.body });
    }
    const isText = typeof answer.body === 'string';
    response.writeHead(answer.status, {
      ...(answer.body !== undefined && {
        'content-type': isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
      }),
      ...answer.headers,
    });
    response.end(isText ? answer.body : answer.body === undefined ? undefined : JSON.stringify(answer.body));
  });

  async function answerTo(asked: Asked, authorization: string | undefined): Promise<Answer | Broken> {
    for (const one of interceptors.filter(({ method }) => method === asked.method)) {
      if (asked.url === '/graphql') break;
      const answer = await one.intercept(asked);
      if (answer === undefined) continue;
      if (!one.always) interceptors.splice(interceptors.indexOf(one), 1);
      return answer;
    }
    if (!/^(token|bearer) /.test(authorization ?? '') || authorization?.split(' ')[1] !== TOKEN) {
      return problem(401, 'Bad credentials');
    }
    if (asked.url === '/graphql') {
      if (JSON.parse(asked.body).query !== '{ viewer { login } }') return problem(400, 'not this query');
      return github.viewer === null
        ? problem(403, 'Resource not accessible by integration')
        : { status: 200, body: { data: { viewer: { login: github.viewer } } } };
    }
    return api(asked);
  }

  function api({ method, url, body }: Asked): Answer {
    const { pathname, searchParams } = new URL(url, 'http://github');
    const [, , owner, repo, kind, first = '', second] = pathname.split('/');
    if (`${owner}/${repo}` !== 'acme/net') return problem(404, 'Not Found');
    if (kind === 'pulls' && first === '') return { status: 200, body: pullList(searchParams) };
    if (kind === 'pulls') {
      const pull = github.pulls.get(Number(first));
      return pull === undefined
        ? problem(404, 'Not Found')
        : { status: 200, body: pullRequest('pull-request', Number(first), pull) };
    }
    if (kind === 'issues' && first === '')
      return method === 'POST' ? opened(body) : issuePage(url, searchParams);
    if (kind === 'issues' && method === 'PATCH' && second === undefined)
      return changedIssue(Number(first), body);
    if (first === 'comments') return ofComment(method, Number(second), body);
    if (!github.pulls.has(Number(first))) return problem(404, 'Not Found');
    return method === 'POST' ? created(body) : page(url, searchParams);
  }

  function opened(body: string): Answer {
    const { title, body: text } = JSON.parse(body);
    if (text.length > LONGEST) return tooLong();
    const author = github.viewer ?? BOT;
    const issue: StoredIssue = { number: next++, author, title, body: text, state: 'open' };
    github.issues.push(issue);
    return { status: 201, body: shownIssue(issue) };
  }

  function changedIssue(number: number, body: string): Answer {
    const issue = github.issues.find((one) => one.number === number);
    if (issue === undefined) return problem(404, 'Not Found');
    const {
      title = issue.title,
      body: text = issue.body,
      state = issue.state,
      state_reason,
    } = JSON.parse(body);
    if (text?.length > LONGEST) return tooLong();
    Object.assign(issue, { title, body: text, state, reason: state_reason ?? issue.reason });
    return { status: 200, body: shownIssue(issue) };
  }

  function issuePage(url: string, query: URLSearchParams): Answer {
    const state = query.get('state') ?? 'open';
    const ordered = github.issues.filter((one) => state === 'all' || one.state === state);
    if (query.get('direction') !== 'asc') ordered.reverse();
    return paged(url, query, ordered.map(shownIssue));
  }

  function created(body: string): Answer {
    const text = JSON.parse(body).body;
    if (text.length > LONGEST) return tooLong();
    const comment = { id: next++, author: github.viewer ?? BOT, body: text };
    github.comments.push(comment);
    return { status: 201, body: shown(comment) };
  }

  function ofComment(method: string, id: number, body: string): Answer {
    const index = github.comments.findIndex((one) => one.id === id);
    const comment = github.comments[index];
    if (comment === undefined) return problem(404, 'Not Found');
    if (method === 'DELETE') {
      github.comments.splice(index, 1);
      return { status: 204 };
    }
    const text = JSON.parse(body).body;
    if (text.length > LONGEST) return tooLong();
    comment.body = text;
    return { status: 200, body: shown(comment) };
  }

  function page(url: string, query: URLSearchParams): Answer {
    const ordered = [...github.comments].sort((a, b) => a.id - b.id);
    return paged(url, query, ordered.map(shown));
  }

  function paged(url: string, query: URLSearchParams, all: readonly object[]): Answer {
    const size = Number(query.get('per_page') ?? 30);
    const number = Number(query.get('page') ?? 1);
    const more = new URL(url, github.url);
    more.searchParams.set('page', String(number + 1));
    return {
      status: 200,
      body: all.slice((number - 1) * size, number * size),
      ...(number * size < all.length && {
        headers: { link: `<${more.href}>; rel="next", <${more.href}>; rel="last"` },
      }),
    };
  }

  function pullList(query: URLSearchParams): unknown[] {
    const from = query.get('head');
    return [...github.pulls]
      .filter(([, pull]) => github.listsAll || pull.from === from)
      .map(([number, pull]) => pullRequest('pull-request-simple', number, pull));
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const github: GitHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments: [],
    issues: [],
    pulls: new Map([[7, { from: 'acme:change', commit: COMMIT }]]),
    exchanges,
    viewer: BOT,
    listsAll: false,
    once: (method, intercept) => void interceptors.push({ method, intercept, always: false }),
    always: (method, intercept) => void interceptors.push({ method, intercept, always: true }),
    methods: () => exchanges.map(({ method }) => method),
    violations: () => exchanges.flatMap(violations),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return github;
}

/** An error as GitHub words it. */
export const problem = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  headers,
  body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
});

const tooLong = (): Answer => ({
  status: 422,
  body: {
    message: 'Validation Failed',
    errors: [
      {
        resource: 'IssueComment',
        code: 'unprocessable',
        field: 'data',
        message: `Body is too long (maximum is ${LONGEST} characters)`,
      },
    ],
    documentation_url: 'https://docs.github.com/rest/issues/comments#create-an-issue-comment',
  },
});

const shown = ({ id, author, body }: StoredComment): object => ({
  ...sample('issue-comment'),
  id,
  body,
  user: author === null ? null : { ...sample('simple-user'), login: author },
  html_url: `https://github.example/acme/net/pull/7#issuecomment-${id}`,
  author_association: 'NONE',
  performed_via_github_app: null,
});

const shownIssue = ({ number, author, title, body, state, reason, isPullRequest }: StoredIssue): object => ({
  ...sample('issue'),
  id: number,
  number,
  title,
  body,
  state,
  state_reason: reason ?? null,
  user: author === null ? null : { ...sample('simple-user'), login: author },
  html_url: `https://github.example/acme/net/issues/${number}`,
  author_association: 'NONE',
  performed_via_github_app: null,
  ...(isPullRequest === true
    ? {
        pull_request: {
          url: 'https://github.example/1',
          html_url: 'https://github.example/1',
          diff_url: 'https://github.example/1',
          patch_url: 'https://github.example/1',
        },
      }
    : {}),
});

function pullRequest(component: string, number: number, pull: { from: string; commit: string }): object {
  const value = sample(component);
  const [login, ref] = pull.from.split(':');
  const head = value.head as object;
  const user = { ...sample('simple-user'), login };
  return {
    ...value,
    number,
    state: 'open',
    head: { ...head, label: pull.from, ref, sha: pull.commit, user },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
