import { REVIEW_VERSION, type Review, reviewSchema } from './document.ts';

/** Reads a review from an untrusted source. The message says what is wrong with it. */
export function parseReview(text: string): Review | { readonly message: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { message: `it is not JSON: ${(error as Error).message}` };
  }
  try {
    return understood(value);
  } catch (error) {
    // What is nested thousands of levels deep has no shape that anybody could walk through.
    if (error instanceof RangeError) return { message: 'it is not a review: it is nested too deeply' };
    throw error;
  }
}

function understood(value: unknown): Review | { readonly message: string } {
  const { version, faults } = (value ?? {}) as { version?: unknown; faults?: unknown };
  if (Array.isArray(faults)) {
    return { message: `it holds no review, but why noencap diff could not make one: ${faults[0]?.message}` };
  }
  if (typeof version === 'number' && version !== REVIEW_VERSION) {
    return { message: `it is of format ${version}, and this noencap reads format ${REVIEW_VERSION}` };
  }
  const parsed = reviewSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { message: `it is not a review: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
}
