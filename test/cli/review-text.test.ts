import pc from 'picocolors';
import { reviewText } from '../../cli/review-text.ts';
import type { Review } from '../../review/index.ts';
import { review } from '../review/reviews.ts';

const plain = pc.createColors(false);

/** Content in every section, with sentences too long for a narrow terminal. */
const told: Review = review({
  outcome: 'dangerous',
  ok: false,
  dangers: [
    {
      code: 'nodes-cut-off',
      severity: 'error',
      message:
        'all reflectors of region east reset their sessions with 2 nodes: for a moment these are cut off',
      fix: 'Make the change on one reflector at a time, or ship the routers one after the other and wait for each.',
    },
  ],
  sessions: {
    kept: 3,
    changed: [
      {
        id: 'e-a--e1/ipv4',
        kind: 'reflector',
        change: 'reset',
        reasons: [{ speaker: 'e1', message: 'hold time 6 -> 9' }],
      },
      ...Array.from({ length: 14 }, (_, index): Review['sessions']['changed'][number] => ({
        id: `n${index}--n99/ipv4`,
        kind: 'mesh',
        change: 'new',
        reasons: [],
      })),
    ],
  },
  interruptions: [{ speaker: 'e1', sessions: 1, lost: 2 }],
  traffic: [
    { from: 'e-a', to: 'w-a', family: 'ipv4', pairs: 4, change: 'longer', hops: [2, 3], mtu: [1420, 1420] },
    { from: 'w-a', to: 'e-a', family: 'ipv6', pairs: 1, change: 'lost', hops: [2, null], mtu: [1420, null] },
  ],
  failures: {
    fatal: [{ kind: 'router', name: 'e1', lost: [0, 4] }],
    worse: [],
    survived: [{ kind: 'segment', name: 'core', lost: [2, 0] }],
  },
  findings: {
    introduced: [
      {
        code: 'NE201',
        severity: 'warning',
        message: 'e1 is one',
        place: { file: 'topology.yaml', line: 3, column: 1 },
      },
    ],
    fixed: [],
    reopened: [],
  },
  rehearsal: {
    sent: 1200,
    lost: 30,
    gap: 600,
    worst: [{ from: 'e-a', to: 'w-a', sent: 200, lost: 30, gap: 600 }],
    reset: ['e-a--e1/ipv4'],
    failures: [],
  },
  notes: ['dist is stale: 7 files differ from what the topology renders, which is what is compared here.'],
});

test('a review has what follows from the change before what it consists of', () => {
  const lines = reviewText(told, plain, 120).split('\n');
  const titles = lines.filter((line) => /^\S/.test(line)).map((line) => line.split(/[ :]/)[0]);
  expect(titles).toEqual([
    'home',
    'danger',
    'sessions',
    'packets',
    'failures',
    'findings',
    'delivery',
    'rehearsed',
    'notes',
  ]);
  expect(lines).toContain('  reset     e-a--e1/ipv4  e1: hold time 6 -> 9');
  expect(lines).toContain('  and 2 more');
  expect(lines).toContain('  while e1 resets one: 2 of 6 pairs of nodes are unreachable');
  expect(lines).toContain('  e-a to w-a (IPv4, 4 pairs like it): longer, hops 2 -> 3, MTU 1420');
  expect(lines).toContain('  w-a to e-a (IPv6): lost, hops 2 -> none, MTU 1420 -> none');
  expect(lines).toContain('  30 of 1200 packets lost, up to 600 ms in a row; 1 session reset');
});

test.each([40, 60, 100])('sentences fit a terminal of %i columns', (width) => {
  const lines = reviewText(told, plain, width).split('\n');
  expect(lines.filter((line) => line.length > width)).toEqual([]);
});

test('colour adds nothing but colour, and takes no columns', () => {
  const colour = pc.createColors(true);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
  const bare = reviewText(told, colour, 60).replace(/\u001b\[[0-9;]*m/g, '');
  expect(bare).toBe(reviewText(told, plain, 60));
  expect(reviewText(told, colour, 60)).toContain('\u001b[');
});
