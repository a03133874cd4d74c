import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { summarise } from '../../cli/ship-summary.ts';
import type { Result } from '../../delivery/journal.ts';
import { scratch } from './run.ts';

/** The job summary of a workflow after a delivery. */
function summaryOf(results: readonly Result[], lookOnly = false): string {
  const folder = scratch();
  const file = join(folder, 'summary.md');
  const before = process.env.GITHUB_STEP_SUMMARY;
  process.env.GITHUB_STEP_SUMMARY = file;
  try {
    summarise({ outcome: 'stopped', results, drift: new Map(), drained: new Map() }, lookOnly);
    return readFileSync(file, 'utf8');
  } finally {
    if (before === undefined) delete process.env.GITHUB_STEP_SUMMARY;
    else process.env.GITHUB_STEP_SUMMARY = before;
    rmSync(folder, { recursive: true });
  }
}

const result = (router: string, outcome: Result['outcome'], message: string | null = null): Result => ({
  router,
  outcome,
  fault: message === null ? null : { code: 'bird', message, fix: 'Mend it.' },
});

test('routers that something became of have a line, the others are counted', () => {
  const results = [result('a', 'shipped'), result('b', 'unchanged'), result('c', 'unchanged')];
  expect(summaryOf(results)).toBe(
    '### Delivery stopped\n\n| router | outcome | |\n|---|---|---|\n| `a` | shipped |  |\n\n2 routers are unchanged.\n',
  );
  expect(summaryOf([result('a', 'unchanged')], true)).toBe(
    '### Check of the routers\n\n1 router is unchanged.\n',
  );
});

test('what a router says is one cell of text, whatever it says', () => {
  const message = 'a `b` | c\n\n# d\r\n<img src=x> @everyone ::error::e\u001b[31m';
  const [line = ''] = summaryOf([result('a', 'refused', message)]).match(/^\| `a`.*$/m) ?? [];
  expect(line).toMatch(/^\| `a` \| refused \| `a 'b' \\\| c # d <img src=x> @everyone ::error::e[^`]*` \|$/);
  expect(line).not.toContain('\u001b');
});

test('of very many routers it shows those that fit the page', () => {
  const many = Array.from({ length: 5000 }, (_, at) => result(`r${at}`, 'refused', 'x'.repeat(5000)));
  const text = summaryOf(many);
  expect(Buffer.byteLength(text)).toBeLessThan(2 ** 20);
  expect(text).toContain('4800 routers are not shown.');
});
