import { z } from 'zod';
import { readAtMost } from '../machine/index.ts';

/** The repository that a workflow runs for, and how to speak with its GitHub. */
export interface GitHubRun {
  readonly api: string;
  readonly token: string;
  readonly owner: string;
  readonly repo: string;
}

/** What a run is about. */
export type About =
  | { readonly pullRequest: number; readonly head: string | undefined }
  /** A workflow that ran before this one: GitHub must say which pull request has this branch at this commit. */
  | { readonly from: string; readonly head: string }
  | { readonly nothing: string };

export interface Unknown {
  readonly message: string;
  readonly fix: string;
}

const sha = z.string().regex(/^[0-9a-f]{40,64}$/);
const ofPullRequest = z.object({
  pull_request: z.object({ number: z.number().int().positive(), head: z.object({ sha }) }),
});
const ofWorkflowRun = z.object({
  workflow_run: z.object({
    id: z.number().int().positive(),
    head_sha: sha,
    head_branch: z.string().nullable(),
    head_repository: z.object({ owner: z.object({ login: z.string() }) }).nullable(),
  }),
});

/** Where to post, and with what token: from what GitHub Actions puts into the environment, or a user. */
export function githubRun(env: NodeJS.ProcessEnv): GitHubRun | Unknown {
  const token = env.GITHUB_TOKEN?.trim() ?? '';
  if (token === '') {
    return {
      message: 'There is no token for GitHub',
      fix: 'Set GITHUB_TOKEN; in a workflow: `env: {GITHUB_TOKEN: ${{ github.token }}}`.',
    };
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return {
      message: 'GITHUB_TOKEN is not a token: it contains blanks or characters that no token has',
      fix: 'Set it to the token and nothing else.',
    };
  }
  const repository = repositoryOf(env);
  if (repository === undefined) {
    return {
      message: 'GITHUB_REPOSITORY does not say which repository this is about',
      fix: 'Set it to owner/name; in GitHub Actions it is set.',
    };
  }
  const api = env.GITHUB_API_URL || 'https://api.github.com';
  if (!isWeb(api)) {
    return {
      message: `GITHUB_API_URL is not a web address`,
      fix: 'Set it to a URL such as https://api.github.com.',
    };
  }
  const [owner = '', repo = ''] = repository.split('/');
  return { api, token, owner, repo };
}

/**
 * Which pull request: the one that is named, or the event's. Nothing of it comes from the review, which the pull request's own
 * code may have written. A named one may still be at the commit that the event tells of.
 */
export function aboutWhat(env: NodeJS.ProcessEnv, named: number | undefined): About | Unknown {
  const about = ofEvent(env);
  if (named === undefined) return about;
  const head =
    'head' in about && !('pullRequest' in about && about.pullRequest !== named) ? about.head : undefined;
  return { pullRequest: named, head };
}

/** Where a reader finds the whole review: the workflow run that made it. */
export function detailsOf(env: NodeJS.ProcessEnv): string | undefined {
  const server = env.GITHUB_SERVER_URL || 'https://github.com';
  const repository = repositoryOf(env);
  if (repository === undefined || !isWeb(server)) return undefined;
  const made = env.GITHUB_EVENT_NAME === 'workflow_run' ? eventOf(env, ofWorkflowRun) : undefined;
  const run = made === undefined || 'message' in made ? env.GITHUB_RUN_ID : String(made.workflow_run.id);
  if (run === undefined || !/^\d+$/.test(run)) return undefined;
  return `${server.replace(/\/+$/, '')}/${repository}/actions/runs/${run}`;
}

function ofEvent(env: NodeJS.ProcessEnv): About | Unknown {
  const fix = 'Name it with --pull-request.';
  switch (env.GITHUB_EVENT_NAME) {
    case 'pull_request':
    case 'pull_request_target': {
      const event = eventOf(env, ofPullRequest);
      if ('message' in event) return event;
      return { pullRequest: event.pull_request.number, head: event.pull_request.head.sha };
    }
    case 'workflow_run': {
      const event = eventOf(env, ofWorkflowRun);
      if ('message' in event) return event;
      const { head_repository: repository, head_branch: branch, head_sha: head } = event.workflow_run;
      if (repository === null || branch === null) return { nothing: 'The reviewed branch no longer exists' };
      return { from: `${repository.owner.login}:${branch}`, head };
    }
    case undefined:
    case '':
      return { message: 'Nothing tells which pull request the review belongs to', fix };
    default:
      return {
        message: `The event of this run, ${JSON.stringify(env.GITHUB_EVENT_NAME)}, belongs to no pull request`,
        fix,
      };
  }
}

function eventOf<T>(env: NodeJS.ProcessEnv, shape: z.ZodType<T>): T | Unknown {
  const fix = 'GitHub Actions writes the event. Name the pull request with --pull-request.';
  const { GITHUB_EVENT_PATH: file } = env;
  if (file === undefined) return { message: 'GITHUB_EVENT_PATH is not set', fix };
  let value: unknown;
  try {
    value = JSON.parse(readAtMost(file, LARGEST_EVENT).toString('utf8'));
  } catch {
    return { message: `The event in ${JSON.stringify(file)} cannot be read`, fix };
  }
  const event = shape.safeParse(value);
  if (event.success) return event.data;
  const [issue] = event.error.issues;
  return {
    message: `The event in ${JSON.stringify(file)} lacks something: ${issue?.path.join('.')}: ${issue?.message}`,
    fix,
  };
}

/** GitHub's own limit for an event is 25 MiB. */
const LARGEST_EVENT = 32 * 1024 * 1024;

const repositoryOf = (env: NodeJS.ProcessEnv): string | undefined =>
  /^[\w.-]+\/[\w.-]+$/.test(env.GITHUB_REPOSITORY ?? '') ? env.GITHUB_REPOSITORY : undefined;

const isWeb = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
