import type { Repository } from '../github/client.ts';
import { type About, aboutWhat, detailsOf, githubRun, type Unknown } from '../github/run.ts';
import { readAtMost, Unreadable, whyUnreadable } from '../machine/index.ts';
import { REVIEW_VERSION, type Review } from '../review/document.ts';
import { COMMENT_LIMIT, reviewMarkdown, type Tier } from '../review/markdown/markdown.ts';
import { parseReview } from '../review/parse-review.ts';
import { commentBody, type Posted, refused, reviewMarker, upsert } from '../review/upsert.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { refuse } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';

export interface CommentOptions {
  /** Number of the pull request; that of the event if undefined. */
  readonly pullRequest: number | undefined;
  /** Print the comment, and post nothing. */
  readonly print: boolean;
}

/** More than the review of any network; what is larger was not written by noencap. */
const LARGEST_REVIEW = 64 * 1024 * 1024;

/** Posts a review as the only comment of its network on the pull request. */
export async function comment(file: string, options: CommentOptions, terminal: Terminal): Promise<ExitCode> {
  const { env } = process;
  const read = readReview(file);
  if ('message' in read) return refuse({ code: 'review', ...read }, terminal);
  const marker = reviewMarker(read.network);
  const { text, tier } = rendered(read, marker, detailsOf(env));
  if (options.print) {
    terminal.print(commentBody(marker, text));
    return EXIT.fine;
  }
  const about = aboutWhat(env, options.pullRequest);
  if ('message' in about) return refuse({ code: 'github', ...about }, terminal);
  const run = githubRun(env);
  if ('message' in run) return refuse({ code: 'github', ...run }, terminal, EXIT.environment);
  // Loaded here only: no other command speaks with GitHub.
  const repository = (await import('../github/client.ts')).openGitHub(run);
  const target = await pullRequestOf(repository, about);
  if ('nothing' in target)
    return reportPosted({ action: 'skipped', url: null, removed: 0 }, tier, target.nothing, terminal);
  if ('message' in target) return refuse({ ...target, code: 'github' }, terminal, target.exit);
  const { pullRequest, head } = target;
  const posted = await upsert(repository.thread(pullRequest), { marker, text, head });
  if (refused(posted))
    return refuse({ code: 'github', message: posted.message, fix: posted.fix }, terminal, EXIT.environment);
  return reportPosted(posted, tier, sentence(posted, pullRequest, head), terminal);
}

type Read =
  | { readonly network: string; readonly review: Review }
  | { readonly network: string; readonly version: number };

function readReview(file: string): Read | Unknown {
  const fix = `Write one with ${NOENCAP} diff --json.`;
  const name = printable(file);
  let text: string;
  try {
    text = readAtMost(file, LARGEST_REVIEW).toString('utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof Unreadable && code === 'EFBIG')
      return {
        message: `${name} is larger than any review: ${error.size ?? `more than ${LARGEST_REVIEW}`} bytes`,
        fix,
      };
    return {
      message: `There is no review in ${name}${code === 'ENOENT' ? '' : `: it ${whyUnreadable(error)}`}`,
      fix,
    };
  }
  const review = parseReview(text);
  if (!('message' in review)) return { network: review.network, review };
  return ofOtherFormat(text) ?? { message: `${name}: ${printable(review.message).slice(0, 300)}`, fix };
}

/** A review of another noencap has a network and a version all the same: its comment can say why it does not say more. */
function ofOtherFormat(text: string): Read | undefined {
  try {
    const { version, command, network } = JSON.parse(text);
    if (command !== 'diff' || typeof network !== 'string') return undefined;
    return Number.isInteger(version) && version !== REVIEW_VERSION ? { network, version } : undefined;
  } catch {
    return undefined;
  }
}

function rendered(
  read: Read,
  marker: string,
  details: string | undefined,
): { readonly text: string; readonly tier: Tier | null } {
  const limit = COMMENT_LIMIT - commentBody(marker, '').length;
  if ('review' in read)
    return reviewMarkdown(attributed(read.review), { limit, unit: 'characters', details });
  const where = details === undefined ? 'The run that made it' : `[The run that made it](${details})`;
  return {
    text: `The review of this change cannot be shown here: it has format ${read.version}, but the noencap that posts comments reads \
format ${REVIEW_VERSION}. ${where} has it. Use the same noencap in both jobs.`,
    tier: null,
  };
}

/** A fork's review is made by the fork's own code: here only its shape was checked. */
function attributed(review: Review): Review {
  if (process.env.GITHUB_EVENT_NAME !== 'workflow_run') return review;
  const note =
    "This review was made by the pull request's own code, in a fork. Check what else the pull request changes besides the topology.";
  return { ...review, notes: [note, ...review.notes] };
}

async function pullRequestOf(
  repository: Repository,
  about: Exclude<About, Unknown>,
): Promise<
  | { readonly pullRequest: number; readonly head: string | undefined }
  | { readonly nothing: string }
  | (Unknown & { readonly exit: ExitCode })
> {
  if (!('from' in about)) return about;
  const { from, head } = about;
  const answer = await repository.pullRequests(from);
  if (refused(answer)) return { message: answer.message, fix: answer.fix, exit: EXIT.environment };
  // GitHub's filter is its own affair: a filter that it does not understand shows all.
  const there = answer.pullRequests.filter((one) => one.from === from && one.commit === head);
  const [only, ...others] = there;
  if (only === undefined) {
    return {
      nothing: `No open pull request from ${printable(from)} is at ${head.slice(0, 8)}: it has newer commits`,
    };
  }
  if (others.length > 0) {
    const numbers = there.map(({ number }) => number).join(', ');
    return {
      message: `Several pull requests are from ${printable(from)}: ${numbers}`,
      fix: 'Name the one that was reviewed with --pull-request.',
      exit: EXIT.badInput,
    };
  }
  return { pullRequest: only.number, head };
}

function sentence(
  { action, url, removed, movedTo }: Posted,
  pullRequest: number,
  head: string | undefined,
): string {
  if (action === 'skipped') {
    return `Pull request ${pullRequest} has moved on from ${head?.slice(0, 8)} to ${movedTo?.slice(0, 8)}`;
  }
  const surplus = removed === 0 ? '' : `, ${counted(removed, 'surplus comment')} deleted`;
  return `Comment on pull request ${pullRequest} ${action}${surplus}: ${printable(url ?? '')}`;
}

function reportPosted(posted: Posted, tier: Tier | null, message: string, terminal: Terminal): ExitCode {
  const { action, url, removed } = posted;
  terminal.say(action === 'skipped' ? `${message}. Nothing was posted.` : message);
  if (terminal.json) terminal.print(documentOf('comment', { ok: true, action, url, tier, removed }));
  return EXIT.fine;
}
