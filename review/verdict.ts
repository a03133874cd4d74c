import { consequencesOf, outcomeOf } from './consequences.ts';
import type { Review } from './document.ts';

/** What a reviewer decides by: a word, and the amount of change. It contains no text from the review. */
export interface Verdict {
  readonly outcome: Review['outcome'];
  readonly word: string;
  /** `2 sessions new, none reset`: the most severe first. */
  readonly facts: readonly string[];
}

/** From the review's facts, whatever outcome it claims: a document may come from a fork. */
export function verdict(review: Review): Verdict {
  const outcome = outcomeOf(review);
  const facts = consequencesOf(review)
    .map(({ fact }) => fact)
    .filter((fact) => fact !== '');
  const isNothing = outcome === 'nothing' && facts.length === 0;
  return {
    outcome,
    word: isNothing ? 'Nothing changes.' : WORDS[outcome](review),
    facts: isNothing ? ['cluster, routers and nodes are unchanged'] : facts,
  };
}

/** The facts as one sentence; empty where there are none. */
export function factsText({ facts }: Verdict): string {
  const text = facts.join('; ');
  return text === '' ? '' : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

const WORDS: Readonly<Record<Review['outcome'], (review: Review) => string>> = {
  nothing: () => 'Nothing to deliver.',
  hitless: () => 'Hitless.',
  risky: () => 'Risky.',
  felt: () => 'Not hitless.',
  dangerous: ({ accepted }) => (accepted ? 'Dangerous, but accepted.' : 'Dangerous.'),
};
