import fc from 'fast-check';
import type { Review } from '../../../review/document.ts';
import { COMMENT_LIMIT, reviewMarkdown, SUMMARY_LIMIT } from '../../../review/markdown/markdown.ts';
import { expectGolden } from '../../golden.ts';
import { dangerous, holdTime, large, nodeComes, review } from '../reviews.ts';
import { anyReview, HOSTILE, withStrings } from './hostile.ts';
import { expectInert } from './inert.ts';
import { partsOf } from './tree.ts';

const DETAILS = 'https://github.com/example/home-fabric/actions/runs/1';

const comment = (of: Review, limit = COMMENT_LIMIT) =>
  reviewMarkdown(of, { limit, unit: 'characters', details: DETAILS });
const summary = (of: Review, limit = SUMMARY_LIMIT) =>
  reviewMarkdown(of, { limit, unit: 'bytes', details: undefined });

/** Below the documented minimum, so that small reviews show what happens to large ones. */
const small = large(3, 2, 40);

test('comments read as these do', () => {
  const texts = {
    'nothing.md': comment(review()),
    'node-comes.md': comment(nodeComes()),
    'hold-time.md': comment(holdTime()),
    'dangerous.md': comment(dangerous(false)),
    'dangerous-accepted.md': comment(dangerous(true)),
    'full.md': comment(small),
    'short.md': comment(small, 12_000),
    'list.md': comment(small, 6000),
    'summary.md': comment(small, 1000),
  };
  expect(Object.values(texts).map(({ tier }) => tier)).toEqual([
    ...['full', 'full', 'full', 'full', 'full'],
    ...['full', 'short', 'list', 'summary'],
  ]);
  for (const { text } of Object.values(texts)) expectInert(text, DETAILS);
  expectGolden(
    'test/review/markdown/golden',
    Object.entries(texts).map(([name, { text }]) => [name, text] as const),
  );
});

test('the same review is the same text', () => {
  expect(comment(holdTime())).toEqual(comment(holdTime()));
});

test('what must not be overlooked comes before any fold, with its fix', () => {
  const { text } = comment(dangerous(false));
  const before = text.slice(0, text.indexOf('<details>'));
  expect(before).toContain('> [!CAUTION]\n> - pool 10.42.0.0/16 changes');
  expect(before).toContain('**Instead:** Raise the MTU of all segments first.');
  expect(text).not.toContain('Accepted by');
  expect(comment(dangerous(true)).text).toContain('Accepted by');
});

test('without changes there is no table, no fold and no drawing', () => {
  expect(partsOf(comment(review()).text).map(({ type }) => type)).not.toEqual(
    expect.arrayContaining(['table']),
  );
  expect(comment(review()).text).toMatch(/^\*\*Nothing changes\.\*\* [^\n]+\n\n<sub>[^\n]+<\/sub>\n$/);
});

test('only a shortened text says that it is one, and where the full text is', () => {
  expect(comment(small).text).not.toContain('Shortened');
  for (const limit of [12_000, 6000, 1000]) {
    expect(comment(small, limit).text.split('\n\n')[1]).toContain(`[Full review](<${DETAILS}>)`);
    for (const details of [undefined, 'javascript:alert(1)']) {
      const { text } = reviewMarkdown(small, { limit, unit: 'characters', details });
      expect(text.split('\n\n')[1]).toContain('`bin/noencap diff` shows all of it');
      expect(text).not.toContain('javascript');
    }
  }
});

test('a comment of exactly 65,536 characters is whole, and of one more shortened', () => {
  const base = large(100, 20, 2);
  const filled = (more: number): Review => ({ ...base, notes: ['x'.repeat(more)] });
  const missing = COMMENT_LIMIT - comment(filled(1)).text.length;
  expect(missing).toBeGreaterThan(0);
  expect(comment(filled(1 + missing)).tier).toBe('full');
  expect(comment(filled(1 + missing)).text).toHaveLength(COMMENT_LIMIT);
  expect(comment(filled(2 + missing)).tier).toBe('short');
  const inBytes = (limit: number) =>
    reviewMarkdown(filled(9), { limit, unit: 'bytes', details: DETAILS }).tier;
  const bytes = Buffer.byteLength(comment(filled(9)).text);
  expect([inBytes(bytes), inBytes(bytes - 1)]).toEqual(['full', 'short']);
});

test('every text fits a limit of its own length, and of one less it is the next smaller one', () => {
  let { text, tier } = comment(small);
  for (const next of ['short', 'list', 'summary']) {
    expect(comment(small, text.length)).toEqual({ text, tier });
    ({ text, tier } = comment(small, text.length - 1));
    expect(tier).toBe(next);
  }
});

test('bytes are bytes', () => {
  const filled = (name: string): Review => ({ ...review(), notes: [name] });
  const { text } = summary(filled('é'.repeat(1000)));
  expect(text.length).toBeLessThan(Buffer.byteLength(text));
  expect(summary(filled('é'.repeat(1000)), Buffer.byteLength(text)).tier).toBe('full');
  expect(summary(filled('é'.repeat(1000)), Buffer.byteLength(text) - 1).tier).toBe('short');
  expect(comment(filled('é'.repeat(1000)), text.length).tier).toBe('full');
});

test('no object or file is cut: what does not fit is counted', () => {
  const { text, tier } = comment(small, 12_000);
  expect(tier).toBe('short');
  const shown = (text.match(/^\+ spec\.field/gm) ?? []).length;
  const counted = [...text.matchAll(/(\d+) more fields not shown/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
  expect(shown + counted).toBe(3 * 40);
  expect((text.match(/^- spec\.field/gm) ?? []).length).toBe(shown);
});

test('5000 objects are named in the summary of a job and counted in a comment', () => {
  const many = large(5000, 5000);
  const [inComment, inSummary] = [comment(many), summary(many)];
  expect(inComment.tier).toBe('summary');
  expect(inComment.text).toContain('5000 objects and 5000 router files differ');
  expect(inSummary.tier).toBe('list');
  expect(inSummary.text.match(/^- `BGPPeer peer-\d+` changed, 3 fields$/gm)).toHaveLength(5000);
  expect(Buffer.byteLength(inSummary.text)).toBeLessThanOrEqual(SUMMARY_LIMIT);
});

test('a hunk of a megabyte leaves everything else in place', () => {
  const base = holdTime();
  const lines = '+  hold time 20;\n'.repeat(1 << 16);
  const files = [
    ...base.files,
    {
      path: 'routers/x.conf',
      change: 'changed' as const,
      added: 1 << 16,
      removed: 0,
      hunks: [`@@ @@\n${lines}`],
    },
  ];
  const { text, tier } = comment({ ...base, files });
  expect(tier).toBe('short');
  expect(text).toContain('`routers/x.conf` changed, +65,536 −0:\n\n1 hunk not shown here.');
  expect(text).toContain('-  hold time 15;\n+  hold time 20;');
  expectInert(text, DETAILS);
});

test.each(['x', '`', '@a ', '🙂', '\u202e', '|', 'a ` '])('a megabyte of %j for every name fits', (piece) => {
  const name = piece.repeat((1 << 20) / piece.length);
  const { text } = comment(withStrings(nodeComes(), [name]));
  expect(text.length).toBeLessThanOrEqual(COMMENT_LIMIT);
  expectInert(text, DETAILS);
});

/** A maximum of everything, with the longest names. */
function overwhelming(piece: string): Review {
  const base = withStrings(
    { ...holdTime(), dangers: dangerous(true).dangers, byHand: dangerous(true).byHand, notes: ['', '', ''] },
    [piece.repeat(300 / piece.length)],
  );
  const many = <T>(items: readonly T[]): T[] => Array.from({ length: 40 }, () => items).flat();
  return {
    ...base,
    accepted: true,
    dangers: many(base.dangers),
    sessions: {
      ...base.sessions,
      changed: many(base.sessions.changed).map((one, index) => ({
        ...one,
        change: (['reset', 'reloaded', 'new', 'gone'] as const)[index % 4] ?? 'new',
        reasons: Array.from({ length: 9 }, (_, at) => ({
          speaker: `${index}${at}${piece}`,
          message: `${index}${at} ${one.id}`,
        })),
      })),
    },
    interruptions: many(base.interruptions.map((one) => ({ ...one, lost: Number.MAX_SAFE_INTEGER }))),
    traffic: (
      [
        'lost',
        'partly lost',
        'too narrow',
        'restored',
        'longer',
        'narrower',
        'turning',
        'shorter',
        'wider',
        'rerouted',
      ] as const
    ).flatMap((change) => many(base.traffic).map((one) => ({ ...one, change }))),
    failures: {
      fatal: many(base.failures.fatal),
      worse: many(base.failures.worse),
      survived: many(base.failures.survived),
    },
    findings: {
      introduced: many(base.findings.introduced),
      fixed: many(base.findings.introduced),
      reopened: many(base.findings.introduced),
    },
    fabric: (
      ['network', 'region', 'router', 'node', 'host', 'segment', 'reflector', 'file'] as const
    ).flatMap((kind) =>
      (['added', 'removed', 'changed'] as const).map((change) => ({ kind, change, name: '', details: [] })),
    ),
    order: {
      first: 'apart',
      message: base.order.message,
      lost: { routersFirst: 1e15, clusterFirst: 1e15 },
      waiting: { routersFirst: 0, clusterFirst: 0 },
    },
    byHand: many(base.byHand.map((step) => ({ ...step, machines: many(step.machines) }))),
    rehearsal: {
      ...(base.rehearsal as NonNullable<Review['rehearsal']>),
      failures: many(base.notes),
    },
    objects: many(many(base.objects)),
    notes: many(base.notes),
  };
}

test.each(['x', '`', '@a ', 'a ` ', '🙂', '\u202e', '<!--', '|', 'é @ '])(
  'a summary is short whatever there is, here of %j',
  (piece) => {
    const { text, tier } = reviewMarkdown(overwhelming(piece), { limit: 0, unit: 'bytes', details: DETAILS });
    expect(tier).toBe('summary');
    expect(text.length).toBeLessThanOrEqual(1 << 15);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1 << 16);
    expectInert(text, DETAILS);
  },
);

test.each(HOSTILE.map((text) => [[...JSON.stringify(text)].slice(0, 40).join(''), text] as const))(
  '%s does nothing in any tier',
  (_, text) => {
    const one = withStrings({ ...holdTime(), ...told }, [text]);
    const tiers = [COMMENT_LIMIT, 2500, 0].map((limit) => {
      const { text: markdown, tier } = comment(one, limit);
      expectWhole(expectInert(markdown, DETAILS));
      return tier;
    });
    expect([tiers[0], tiers[2]]).toEqual(['full', 'summary']);
  },
);

/** What the change of the hold time lacks. */
const told = { dangers: dangerous(true).dangers, accepted: true, picture: nodeComes().picture };

/** The last part of a text is not nested in anything: no fold, list or fence is left open before it. */
function expectWhole([root]: ReturnType<typeof partsOf>): void {
  const last = root?.children?.at(-1);
  expect(last?.type).toBe('paragraph');
  expect(last?.children?.[0]?.value).toBe('<sub>');
}

test('whatever a review contains, its text fits, is complete, and is inert', () => {
  fc.assert(
    fc.property(anyReview, fc.constantFrom(1 << 15, 3000, 0), (one, limit) => {
      const { text, tier } = comment(one, limit);
      if (tier !== 'summary' || limit === 1 << 15) expect(text.length).toBeLessThanOrEqual(limit);
      expectWhole(expectInert(text, DETAILS));
    }),
    { numRuns: 200 },
  );
});
