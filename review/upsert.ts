import { createHash } from 'node:crypto';

/** A comment on a pull request, as far as it matters here. */
export interface Comment {
  readonly id: number;
  /** Login; undefined for a deleted account. */
  readonly author: string | undefined;
  readonly body: string;
  readonly url: string;
}

/** What GitHub refused, and the fix. */
export interface Refusal {
  readonly message: string;
  readonly fix: string;
  /** It may well do it after so many seconds. Of writes only: reads are repeated below the port. */
  readonly after?: number;
}

/** What is asked of GitHub about one pull request. Nothing is thrown: a refusal is a value. */
export interface Thread {
  /** The login that the token writes as; undefined if GitHub does not say. */
  viewer(): Promise<string | undefined>;
  /** The commit that the pull request is at. */
  head(): Promise<{ readonly commit: string } | Refusal>;
  /** One page of comments, the first is 1. */
  comments(
    page: number,
  ): Promise<{ readonly comments: readonly Comment[]; readonly more: boolean } | Refusal>;
  create(body: string): Promise<Comment | Refusal>;
  /** `gone`: somebody has deleted it. */
  update(id: number, body: string): Promise<Comment | 'gone' | Refusal>;
  remove(id: number): Promise<'gone' | Refusal>;
  wait(seconds: number): Promise<void>;
}

export interface Wanted {
  /** First line of the comment, from `reviewMarker`. */
  readonly marker: string;
  readonly text: string;
  /** The commit of the pull request that the text is about; undefined if unknown. */
  readonly head: string | undefined;
}

export interface Posted {
  /** `skipped`: the pull request has moved on, and a newer run speaks for it. */
  readonly action: 'created' | 'updated' | 'unchanged' | 'skipped';
  readonly url: string | null;
  /** How many surplus comments of ours were deleted. */
  readonly removed: number;
  /** Where the pull request is by now, if it has moved on. */
  readonly movedTo?: string;
}

/** Who a token of GitHub Actions writes as. Users cannot have brackets in their names. */
export const ACTIONS = 'github-actions[bot]';

/** How often GitHub may ask to try a write later, and how often the whole may start over. */
const WAITS = 3;
const ROUNDS = 10;

/**
 * Makes the pull request have exactly one comment of ours that says what is wanted.
 *
 * A comment is ours if the marker is its first line and its author is who we are: anybody can write the marker. Where GitHub
 * does not say who we are, it is Actions' bot, until a comment that we create tells better.
 *
 * A run must not overwrite what a newer one said: nothing is written unless the pull request is still at the run's commit. A
 * write that fails is therefore not repeated as it stands; all starts over from what GitHub has by then. That also finds the
 * comment of a request that failed on its way back.
 *
 * Two runs may both find none and both create one. So each looks again after creating, keeps the one with the lowest number
 * and deletes the others: whichever is last, they agree.
 */
export async function upsert(thread: Thread, { marker, text, head }: Wanted): Promise<Posted | Refusal> {
  const body = commentBody(marker, text);
  const gone = new Set<number>();
  let me: string | undefined;
  let created: Comment | undefined;
  let wrote: 'created' | 'updated' | undefined;
  let removed = 0;
  let waits = 0;

  const later = async (refusal: Refusal): Promise<boolean> => {
    if (refusal.after === undefined || ++waits > WAITS) return false;
    await thread.wait(refusal.after);
    return true;
  };

  rounds: for (let round = 0; round < ROUNDS; round++) {
    const marked = await markedWith(marker, thread);
    if (refused(marked)) return marked;
    if (marked.length > 0) me ??= (await thread.viewer()) ?? ACTIONS;
    const ours = marked.filter(({ author }) => author === me);
    const here = withCreated(ours, created).filter(({ id }) => !gone.has(id));
    const [keep, ...surplus] = here.sort((a, b) => a.id - b.id);

    // Asked last, so that hardly any time is left in which the answer could become wrong.
    if (head !== undefined && (keep === undefined || !sameText(keep.body, body))) {
      const now = await thread.head();
      if (refused(now)) return now;
      if (now.commit !== head) {
        return { action: wrote ?? 'skipped', url: keep?.url ?? null, removed, movedTo: now.commit };
      }
    }
    if (keep === undefined) {
      const answer = await thread.create(body);
      if (refused(answer)) {
        if (await later(answer)) continue;
        return answer;
      }
      created = answer;
      me = created.author ?? me;
      wrote ??= 'created';
      continue;
    }
    if (!sameText(keep.body, body)) {
      const answer = await thread.update(keep.id, body);
      if (answer === 'gone') {
        gone.add(keep.id);
        continue;
      }
      if (refused(answer)) {
        if (await later(answer)) continue;
        return answer;
      }
      wrote ??= 'updated';
    }
    for (const { id } of surplus) {
      const answer = await thread.remove(id);
      if (answer !== 'gone') {
        if (await later(answer)) continue rounds;
        return answer;
      }
      gone.add(id);
      removed++;
    }
    return { action: wrote ?? 'unchanged', url: keep.url, removed };
  }
  return {
    message: 'The comment on the pull request keeps changing after it is written',
    fix: 'Something else edits or deletes it. Find out what else comments there, then run it again.',
  };
}

export const commentBody = (marker: string, text: string): string => `${marker}\n${text}`;

/** Longer names, which no network has, are cut: the marker must leave room for what it marks. */
const LONGEST_NAME = 100;

/**
 * The hidden first line of the comment about a network: each network of a repository has its own. What could end an HTML
 * comment, or the line, is escaped, and markers are compared as whole lines, so none is mistaken for another.
 */
export const reviewMarker = (network: string): string => `<!-- noencap review: ${markerName(network)} -->`;

/** The name of a network as markers have it. */
export function markerName(network: string): string {
  const name = encodeURIComponent(network.replace(/\p{Cs}/gu, '\ufffd')).replace(/-(?=-|$)/g, '%2D');
  return name.length <= LONGEST_NAME ? name : createHash('sha256').update(network).digest('hex').slice(0, 40);
}

export const refused = (answer: object | string): answer is Refusal =>
  typeof answer === 'object' && 'message' in answer;

async function markedWith(marker: string, thread: Thread): Promise<Comment[] | Refusal> {
  const comments: Comment[] = [];
  for (let page = 1; ; page++) {
    const answer = await thread.comments(page);
    if (refused(answer)) return answer;
    comments.push(...answer.comments.filter(({ body }) => firstLine(body) === marker));
    if (!answer.more) return comments;
  }
}

/** What GitHub lists may lag behind what it has just taken. */
const withCreated = (comments: readonly Comment[], created: Comment | undefined): Comment[] =>
  created === undefined || comments.some(({ id }) => id === created.id)
    ? [...comments]
    : [...comments, created];

export const firstLine = (body: string): string => body.split(/\r?\n/, 1)[0] ?? '';

/** GitHub gives line ends back as it likes, and drops white space at the end. */
export const sameText = (a: string, b: string): boolean => settled(a) === settled(b);

const settled = (text: string): string => text.replaceAll('\r\n', '\n').trimEnd();
