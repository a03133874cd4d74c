import type { Refusal } from '../review/upsert.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';

/** What was asked of GitHub: `write comments`. */
export interface Asked {
  readonly does: string;
  readonly pullRequest?: number;
  /** What it is about, if that is no pull request. */
  readonly about?: 'issues';
  readonly writes: boolean;
}

interface Context {
  readonly what: Asked;
  readonly api: string;
  readonly repository: string;
  readonly token: string;
  /** Whether there is time left to wait this many seconds. */
  mayWait(seconds: number): boolean;
}

/** What is read of octokit's errors. A network that fails has no response. */
interface Answered {
  readonly status: number | 'unreadable';
  readonly message?: string;
  readonly response?: {
    readonly headers: Readonly<Record<string, string | number | undefined>>;
    readonly data?: unknown;
  };
}

/** GitHub's own advice where it gives none with its refusal. */
const SECONDARY_LIMIT = 60;

/** Seconds until a write is tried again that GitHub's servers, or the network on the way there, did not do. */
const SOON = 2;

/** What GitHub refused, and the fix; with `gone`, the requested object does not exist. */
export function refusal(error: unknown, context: Context): Refusal & { readonly gone?: true } {
  if (!isAnswer(error)) {
    // A bug of ours. Octokit's errors hold the request and its headers, so not even the stack is let out.
    throw new Error(withoutToken(error instanceof Error ? error.message : 'unknown', context.token));
  }
  const { what, api, repository } = context;
  const { status, response } = error;
  const place = new URL(api).origin;
  const why = reasonOf(error, context.token);
  const later = (seconds: number): Partial<Refusal> =>
    what.writes && context.mayWait(seconds) ? { after: seconds } : {};

  if (status === 'unreadable') {
    return {
      message: `The server at ${place} is not GitHub's API`,
      fix: 'Check for a proxy between this machine and GitHub, and whether GITHUB_API_URL is right.',
    };
  }
  if (response === undefined && status >= 500) {
    return {
      message: `GitHub cannot be reached at ${place}${why === '' ? '' : `: ${why}`}`,
      fix: 'Check that this machine has network access and https://www.githubstatus.com is green, then run it again.',
      ...later(SOON),
    };
  }
  const limit = limitOf(error);
  if (limit !== undefined) {
    return {
      message: 'GitHub accepts no more requests from this token for now: its rate limit is exceeded',
      fix: `Run it again in ${limit} seconds.`,
      ...later(limit),
    };
  }
  switch (status) {
    case 401:
      return {
        message: 'GitHub rejects this token',
        fix: 'Put a valid one into GITHUB_TOKEN; in a workflow: `GITHUB_TOKEN: ${{ github.token }}`.',
      };
    case 403:
      return {
        message: `GitHub does not let this token ${what.does}: ${why}`,
        fix:
          what.about === 'issues'
            ? 'Give the job `permissions: {issues: write}`.'
            : 'Give the job `permissions: {pull-requests: write}`. A run for a pull request from a fork gets a token that only ' +
              'reads, whatever its job requests: comment from a workflow that runs on workflow_run.',
      };
    case 404:
      return {
        message:
          what.pullRequest === undefined
            ? `GitHub shows this token no repository ${repository}`
            : `GitHub shows this token no pull request ${what.pullRequest} in ${repository}`,
        fix:
          what.about === 'issues'
            ? 'Check that GITHUB_REPOSITORY is right; in a private repository a job needs `permissions: {issues: write}`.'
            : 'Check that number and repository are right; in a private repository a job needs `permissions: {pull-requests: write}`.',
        gone: true,
      };
    case 410:
      return {
        message: `GitHub lets nobody ${what.does} there: ${why}`,
        fix:
          what.about === 'issues'
            ? 'Switch issues on in the settings of the repository; without them the log of the run is all that tells of drift.'
            : 'The pull request was deleted, or the repository accepts no comments.',
      };
    case 422:
      return {
        message: `GitHub rejects what it should ${what.does.replace(/s$/, '')}: ${why}`,
        fix: `Look at it with ${NOENCAP} ${what.about === 'issues' ? 'issue' : 'comment'} --print. GitHub accepts 65,536 characters; if it has fewer, report this as a bug.`,
      };
  }
  if (status >= 300 && status < 400) {
    return {
      message: `GitHub redirects this request elsewhere, but the token is sent only to ${place}`,
      fix: 'Check that GITHUB_API_URL and GITHUB_REPOSITORY are right, and whether the repository has moved.',
    };
  }
  if (status >= 500) {
    return {
      message: `GitHub could not ${what.does}, and answered ${status}`,
      fix: 'Check that https://www.githubstatus.com is green, then run it again.',
      ...later(SOON),
    };
  }
  return {
    message: `GitHub answered ${status}: ${why}`,
    fix: 'Run it again; if that does not help, report it.',
  };
}

/** Seconds to wait, if the answer is about how much was asked: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api. */
function limitOf({ status, response }: Answered): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const headers = response?.headers ?? {};
  const after = Number(headers['retry-after']);
  if (after > 0) return Math.ceil(after);
  if (String(headers['x-ratelimit-remaining']) === '0') {
    return (
      Math.max(1, Math.ceil(Number(headers['x-ratelimit-reset']) - Date.now() / 1000) + 1) || SECONDARY_LIMIT
    );
  }
  return status === 429 || /rate limit/i.test(messageOf(response?.data)) ? SECONDARY_LIMIT : undefined;
}

const isAnswer = (error: unknown): error is Answered =>
  typeof error === 'object' &&
  error !== null &&
  ['number', 'string'].includes(typeof (error as Answered).status);

/** One line, and no longer than one: a proxy may answer with a whole page. */
function reasonOf({ response, message }: Answered, token: string): string {
  const text = response === undefined ? (message ?? '') : messageOf(response.data);
  const line = printable(withoutToken(text, token).replace(/\s+/g, ' ').trim());
  return line.length > 300 ? `${line.slice(0, 300)}...` : line;
}

function messageOf(data: unknown): string {
  if (typeof data === 'string') return data;
  const { message, errors } = (data ?? {}) as { message?: unknown; errors?: unknown };
  const more = (Array.isArray(errors) ? errors : []).map((one: { message?: unknown } | string | null) =>
    typeof one === 'string' ? one : one?.message,
  );
  return [message, ...more].filter((part) => typeof part === 'string').join(': ');
}

const withoutToken = (text: string, token: string): string =>
  token === '' ? text : text.replaceAll(token, '***');
