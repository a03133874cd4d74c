export { parseReview, REVIEW_VERSION, type Review, reviewSchema } from './document.ts';
export { objectText } from './objects.ts';
export { review, type State } from './review.ts';
export { type Verdict, verdict } from './verdict.ts';
