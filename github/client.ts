import { setTimeout as sleep } from 'node:timers/promises';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { Octokit } from '@octokit/rest';
import { z } from 'zod';
import type { Issue, Issues } from '../drift/issue.ts';
import type { Comment, Refusal, Thread } from '../review/upsert.ts';
import { guardedFetch } from './fetch.ts';
import { type Asked, refusal } from './refusal.ts';

export interface GitHubOptions {
  /** `https://api.github.com`, or that of an Enterprise Server: `https://github.example/api/v3`. */
  readonly api: string;
  readonly token: string;
  readonly owner: string;
  readonly repo: string;
  readonly patience?: Partial<Patience>;
}

/** Timeout for GitHub: a workflow must not hang. Milliseconds. */
export interface Patience {
  /** What a second of waiting lasts. */
  readonly second: number;
  /** One request. */
  readonly request: number;
  /** All of them. */
  readonly total: number;
}

const PATIENCE: Patience = { second: 1000, request: 30_000, total: 300_000 };

/** Seconds: if GitHub wants more, the run ends and says so. */
const LONGEST_WAIT = 60;

export interface Repository {
  /** The open pull requests from a branch, `owner:branch`; from a fork as well. */
  pullRequests(from: string): Promise<{ readonly pullRequests: readonly PullRequest[] } | Refusal>;
  thread(pullRequest: number): Thread;
  readonly issues: Issues;
}

export interface PullRequest {
  readonly number: number;
  /** `owner:branch`. */
  readonly from: string;
  readonly commit: string;
}

/** The parts of GitHub's answers that are read. */
const comment = z.object({
  id: z.number().int(),
  html_url: z.string(),
  body: z.string().optional(),
  user: z.object({ login: z.string() }).nullable(),
});
const issue = z.object({
  number: z.number().int(),
  title: z.string(),
  body: z.string().nullish(),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullable(),
  /** GitHub lists pull requests among the issues. */
  pull_request: z.unknown().optional(),
});
const pull = z.object({
  number: z.number().int(),
  head: z.object({ label: z.string().nullable(), sha: z.string() }),
});
const viewer = z.object({ viewer: z.object({ login: z.string() }) });

/**
 * GitHub's API for one repository. Reads are repeated by octokit's plugins, as GitHub asks; writes are not, see `upsert`. No
 * error of octokit leaves this function: it holds the request with its headers.
 */
export function openGitHub({ api, token, owner, repo, patience: asked }: GitHubOptions): Repository {
  const patience = { ...PATIENCE, ...asked };
  const deadline = Date.now() + patience.total;
  const timeLeftFor = (seconds: number): boolean =>
    seconds <= LONGEST_WAIT && Date.now() + seconds * patience.second < deadline;
  const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const repeats = (after: number, { method, url }: { method?: string; url?: string }, count: number) =>
    (method === 'GET' || url === '/graphql') && count < 2 && timeLeftFor(after);

  const octokit = new (Octokit.plugin(retry, throttling))({
    auth: token,
    baseUrl: api.replace(/\/+$/, ''),
    userAgent: 'noencap',
    log: silent,
    request: {
      fetch: guardedFetch(api, () => Math.min(patience.request, deadline - Date.now())),
      log: silent,
    },
    retry: {
      retryAfterBaseValue: patience.second,
      // Too many requests are the other plugin's, which waits as long as GitHub says.
      doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451],
    },
    throttle: {
      // Its queues would space a question to GraphQL and the first write out as well.
      write: AT_ONCE,
      notifications: AT_ONCE,
      retryAfterBaseValue: patience.second,
      onRateLimit: (after, options, _octokit, count) => repeats(after, options, count),
      onSecondaryRateLimit: (after, options, _octokit, count) => repeats(after, options, count),
    },
  });
  octokit.hook.before('request', (options) => {
    options.headers['x-github-api-version'] = '2022-11-28';
  });

  /** GitHub asks for a second between two writes. */
  let wroteBefore = false;
  const pace = async ({ writes }: Asked): Promise<void> => {
    if (writes && wroteBefore) await sleep(patience.second);
    wroteBefore ||= writes;
  };

  /** Sends one request, and validates the shape of the answer. */
  const ask = async <T>(
    what: Asked,
    send: () => Promise<{ status: number; data: unknown; headers: { link?: string | undefined } }>,
    shape: z.ZodType<T>,
  ): Promise<{ readonly data: T; readonly more: boolean } | ReturnType<typeof refusal>> => {
    const context = { what, api, repository: `${owner}/${repo}`, token, mayWait: timeLeftFor };
    await pace(what);
    try {
      const { status, data, headers } = await send();
      if (status >= 300) return refusal({ status }, context);
      const parsed = shape.safeParse(data);
      if (!parsed.success) return refusal({ status: 'unreadable' }, context);
      return { data: parsed.data, more: /;\s*rel="next"/.test(headers.link ?? '') };
    } catch (error) {
      return refusal(error, context);
    }
  };

  /** REST answers this to users only, and GraphQL to every token: an installation's, as that of Actions, is `name[bot]`. */
  const whoWrites = async (): Promise<string | undefined> => {
    try {
      const answer = await octokit.graphql('{ viewer { login } }', { request: { retries: 1 } });
      return viewer.parse(answer).viewer.login;
    } catch {
      return undefined;
    }
  };

  const wait = async (seconds: number): Promise<void> => void (await sleep(seconds * patience.second));

  const thread = (number: number): Thread => {
    const issue = { owner, repo, issue_number: number };
    const write = { owner, repo, request: { retries: 0 } };
    const asked = (does: string): Asked => ({ does, pullRequest: number, writes: false });
    const changes = (does: string): Asked => ({ does, pullRequest: number, writes: true });
    return {
      viewer: whoWrites,
      head: async () => {
        const answer = await ask(
          asked('read the pull request'),
          () => octokit.rest.pulls.get({ owner, repo, pull_number: number }),
          pull,
        );
        return 'message' in answer ? answer : { commit: answer.data.head.sha };
      },
      comments: async (page) => {
        const answer = await ask(
          asked('read comments'),
          () => octokit.rest.issues.listComments({ ...issue, per_page: 100, page }),
          z.array(comment),
        );
        return 'message' in answer ? answer : { comments: answer.data.map(asComment), more: answer.more };
      },
      create: async (body) => {
        const answer = await ask(
          changes('write comments'),
          () => octokit.rest.issues.createComment({ ...issue, ...write, body }),
          comment,
        );
        return 'message' in answer ? answer : asComment(answer.data);
      },
      update: async (comment_id, body) => {
        const answer = await ask(
          changes('edit comments'),
          () => octokit.rest.issues.updateComment({ ...write, comment_id, body }),
          comment,
        );
        if (!('message' in answer)) return asComment(answer.data);
        return answer.gone ? 'gone' : answer;
      },
      remove: async (comment_id) => {
        const answer = await ask(
          changes('delete comments'),
          () => octokit.rest.issues.deleteComment({ ...write, comment_id }),
          z.unknown(),
        );
        return 'message' in answer && !answer.gone ? answer : 'gone';
      },
      wait,
    };
  };

  const once = { owner, repo, request: { retries: 0 } };
  const changes = (does: string): Asked => ({ does, about: 'issues', writes: true });
  const issues: Issues = {
    viewer: whoWrites,
    open: async (page) => {
      const answer = await ask(
        { does: 'read issues', about: 'issues', writes: false },
        () =>
          octokit.rest.issues.listForRepo({
            owner,
            repo,
            state: 'open',
            sort: 'created',
            direction: 'asc',
            per_page: 100,
            page,
          }),
        z.array(issue),
      );
      if ('message' in answer) return answer;
      const own = answer.data.filter((one) => one.pull_request === undefined || one.pull_request === null);
      return { issues: own.map(asIssue), more: answer.more };
    },
    create: async (text) => {
      const answer = await ask(
        changes('open issues'),
        () => octokit.rest.issues.create({ ...once, ...text }),
        issue,
      );
      return 'message' in answer ? answer : asIssue(answer.data);
    },
    update: async (issue_number, text) =>
      changed(
        await ask(
          changes('edit issues'),
          () => octokit.rest.issues.update({ ...once, issue_number, ...text }),
          issue,
        ),
      ),
    close: async (issue_number, why, text) => {
      const state_reason = why === 'done' ? 'completed' : 'not_planned';
      const change = { ...once, issue_number, ...text, state: 'closed', state_reason } as const;
      return changed(await ask(changes('close issues'), () => octokit.rest.issues.update(change), issue));
    },
    wait,
  };

  return {
    pullRequests: async (from) => {
      const answer = await ask(
        { does: 'read pull requests', writes: false },
        () => octokit.rest.pulls.list({ owner, repo, state: 'open', head: from, per_page: 100 }),
        z.array(pull),
      );
      if ('message' in answer) return answer;
      return {
        pullRequests: answer.data.map(({ number, head }) => ({
          number,
          from: head.label ?? '',
          commit: head.sha,
        })),
      };
    },
    thread,
    issues,
  };
}

const nothing = (): void => {};

/** What of Bottleneck's groups the plugin uses. */
const AT_ONCE = { key: () => ({ schedule: async (_: unknown, run: () => unknown) => run() }) } as never;

const asComment = ({ id, html_url, body, user }: z.infer<typeof comment>): Comment => ({
  id,
  author: user?.login,
  body: body ?? '',
  url: html_url,
});

const asIssue = ({ number, title, body, html_url, user }: z.infer<typeof issue>): Issue => ({
  number,
  title,
  author: user?.login,
  body: body ?? '',
  url: html_url,
});

/** The issue as it is now; one that was deleted, or moved to another repository, is gone. */
function changed(
  answer: { readonly data: z.infer<typeof issue> } | ReturnType<typeof refusal>,
): Issue | 'gone' | Refusal {
  if (!('message' in answer)) return asIssue(answer.data);
  return answer.gone ? 'gone' : answer;
}
