import { readFileSync } from 'node:fs';
import { pageWithExample } from '../../scripts/review-example.ts';

test('the page on reviews shows the comment that its example gets (npm run example)', () => {
  expect(readFileSync('docs/read-a-review.md', 'utf8')).toBe(pageWithExample());
});
