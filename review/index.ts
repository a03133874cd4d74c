export { type ByHand, byHand, byHandText } from './by-hand.ts';
export {
  deliveryChanges,
  NO_TRUST_FILES,
  type Refused,
  refusedDeliveries,
  type TrustFiles,
} from './delivered.ts';
export { placeText, REVIEW_VERSION, type Review, reviewSchema } from './document.ts';
export { fileChanges } from './files.ts';
export { objectText } from './objects.ts';
export { type DeliveryOrder, firstToGet, orderBetween } from './order.ts';
export { parseReview } from './parse-review.ts';
export { review, type State } from './review.ts';
export { type Configured, filesByRouter, sessionFates } from './session-fates.ts';
export { factsText, type Verdict, verdict } from './verdict.ts';
