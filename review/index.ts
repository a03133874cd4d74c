export { parseReview, REVIEW_VERSION, type Review, reviewSchema } from './document.ts';
export { fileChanges } from './files.ts';
export { reviewMarkdown, SUMMARY_LIMIT } from './markdown.ts';
export { objectText } from './objects.ts';
export { firstToGet } from './order.ts';
export { review, type State } from './review.ts';
export { filesByRouter, sessionFates } from './session-fates.ts';
export { NO_TRUST_FILES, type TrustFiles } from './trust.ts';
export { factsText, type Verdict, verdict } from './verdict.ts';
