import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { reviewJsonSchema } from '../../review/document.ts';

test('docs/review.schema.json is current (npm run schema), and a review is valid by it', () => {
  const text = readFileSync('docs/review.schema.json', 'utf8');
  expect(text).toBe(reviewJsonSchema());
  const validate = new Ajv({ strict: false }).compile(JSON.parse(text));
  const review = JSON.parse(readFileSync('test/workflows/review.json', 'utf8'));
  validate(review);
  expect(validate.errors).toBeNull();
  expect(validate({ ...review, outcome: 'perfect' })).toBe(false);
});
