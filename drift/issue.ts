import { ACTIONS, firstLine, markerName, type Refusal, refused, sameText } from '../review/upsert.ts';

/** An open issue, as far as it matters here. */
export interface Issue {
  readonly number: number;
  /** Login; undefined for a deleted account. */
  readonly author: string | undefined;
  readonly title: string;
  readonly body: string;
  readonly url: string;
}

/** What is asked of GitHub about the issues of a repository. Nothing is thrown: a refusal is a value. */
export interface Issues {
  /** The login that the token writes as; undefined if GitHub does not say. */
  viewer(): Promise<string | undefined>;
  /** One page of the open issues, the first is 1. */
  open(page: number): Promise<{ readonly issues: readonly Issue[]; readonly more: boolean } | Refusal>;
  create(text: IssueText): Promise<Issue | Refusal>;
  /** `gone`: somebody has deleted or moved it. */
  update(number: number, text: IssueText): Promise<Issue | 'gone' | Refusal>;
  /** `done`: there is nothing left to do; `surplus`: another issue says it. */
  close(
    number: number,
    why: 'done' | 'surplus',
    text: IssueText | undefined,
  ): Promise<Issue | 'gone' | Refusal>;
  wait(seconds: number): Promise<void>;
}

export interface IssueText {
  readonly title: string;
  readonly body: string;
}

export interface WantedIssue {
  /** First line of the issue, from `driftMarker`. */
  readonly marker: string;
  readonly title: string;
  readonly text: string;
  /**
   * `drift`: there must be one open issue; `unknown`: nobody knows, so one that is open stays so; `none`: there must be none.
   */
  readonly state: 'drift' | 'unknown' | 'none';
}

export interface KeptIssue {
  /** `none`: there is no issue, and none is needed. */
  readonly action: 'created' | 'updated' | 'unchanged' | 'closed' | 'none';
  readonly url: string | null;
  /** How many surplus issues of ours were closed. */
  readonly surplus: number;
}

/** How often GitHub may ask to try a write later, and how often the whole may start over. */
const WAITS = 3;
const ROUNDS = 10;

/** Ten thousand open issues. */
const MOST_PAGES = 100;

/**
 * Makes the repository have one open issue of ours that says what is wanted, or none.
 *
 * As with the review's comment, an issue is ours if the marker is its first line and its author is who we are: anybody can write the
 * marker. A write that fails is not repeated as it stands; all starts over from what GitHub has by then. Two runs may both find none and
 * both open one, so each looks again afterwards, keeps the one with the lowest number and closes the others.
 */
export async function keepIssue(issues: Issues, wanted: WantedIssue): Promise<KeptIssue | Refusal> {
  const { marker, title, state } = wanted;
  const body = `${marker}\n${wanted.text}`;
  const text = { title, body };
  const gone = new Set<number>();
  let me: string | undefined;
  let created: Issue | undefined;
  let did: KeptIssue['action'] | undefined;
  let url: string | null = null;
  let surplus = 0;
  let waits = 0;

  const later = async ({ after }: Refusal): Promise<boolean> => {
    if (after === undefined || ++waits > WAITS) return false;
    await issues.wait(after);
    return true;
  };

  rounds: for (let round = 0; round < ROUNDS; round++) {
    const marked = await markedWith(marker, issues);
    if (refused(marked)) return marked;
    if (marked.length > 0) me ??= (await issues.viewer()) ?? ACTIONS;
    const ours = marked.filter(({ author }) => author === me);
    const all =
      created === undefined || ours.some(({ number }) => number === created?.number)
        ? ours
        : [...ours, created];
    const here = all.filter(({ number }) => !gone.has(number)).sort((a, b) => a.number - b.number);
    const [keep, ...others] = here;
    if (keep === undefined) {
      if (state !== 'drift') return { action: did ?? 'none', url, surplus };
      const answer = await issues.create(text);
      if (refused(answer)) {
        if (await later(answer)) continue;
        return answer;
      }
      created = answer;
      me = created.author ?? me;
      url = created.url;
      did ??= 'created';
      continue;
    }
    url = keep.url;
    for (const { number } of others) {
      const answer = await issues.close(number, 'surplus', undefined);
      if (typeof answer === 'object' && refused(answer)) {
        if (await later(answer)) continue rounds;
        return answer;
      }
      gone.add(number);
      surplus++;
    }
    const isSame = keep.title === title && sameText(keep.body, body);
    if (state !== 'none' && isSame) return { action: did ?? 'unchanged', url, surplus };
    const answer =
      state === 'none'
        ? await issues.close(keep.number, 'done', text)
        : await issues.update(keep.number, text);
    if (answer === 'gone') {
      gone.add(keep.number);
      continue;
    }
    if (refused(answer)) {
      if (await later(answer)) continue;
      return answer;
    }
    if (state !== 'none') return { action: did ?? 'updated', url, surplus };
    // What GitHub lists may lag behind what it has just taken.
    gone.add(keep.number);
    did = 'closed';
  }
  return {
    message: 'The issue about drift keeps changing after it is written',
    fix: 'Something else edits or opens it. Find out what else writes issues there, then run it again.',
  };
}

/** The hidden first line of the issue about a network. */
export const driftMarker = (network: string): string => `<!-- noencap drift: ${markerName(network)} -->`;

async function markedWith(marker: string, issues: Issues): Promise<Issue[] | Refusal> {
  const found: Issue[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const answer = await issues.open(page);
    if (refused(answer)) return answer;
    found.push(...answer.issues.filter(({ body }) => firstLine(body) === marker));
    if (!answer.more) return found;
  }
  return {
    message: `The repository has more than ${MOST_PAGES * 100} open issues`,
    fix: 'noencap does not look through more of them for its own: close some.',
  };
}
