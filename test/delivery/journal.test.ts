import fc from 'fast-check';
import {
  deliveryOf,
  type JournalEvent,
  journalJson,
  journalLines,
  leftToDeliver,
  parseJournal,
  STEPS,
  type StepEvent,
} from '../../delivery/journal.ts';

const at = '2026-11-24T15:04:05.678Z';

const planned: JournalEvent = {
  event: 'planned',
  at,
  network: 'home',
  waves: [['e1'], ['e2', 'w1'], ['w2']],
  releases: { e1: 'aaaa', e2: 'bbbb', w1: 'cccc', w2: 'dddd' },
};

/** `apply`, `apply failed`: of e1. */
const steps = (...all: readonly string[]): StepEvent[] =>
  all.map((one) => {
    const [step = '', outcome = 'done'] = one.split(' ');
    return { event: 'step', at, router: 'e1', step, outcome, details: [] } as unknown as StepEvent;
  });

const stateAfter = (...all: readonly string[]) =>
  deliveryOf([planned, ...steps(...all)]).routers.get('e1')?.state;

const prepared = ['inspect', 'lock', 'drift', 'stage', 'check'];
const applied = [...prepared, 'apply started', 'apply'];

test.each([
  ['untouched', []],
  ['untouched', prepared],
  ['refused', ['inspect', 'lock failed']],
  ['refused', [...prepared.slice(0, 4), 'check failed', 'discard', 'unlock']],
  ['unchanged', ['inspect', 'lock', 'drift', 'apply skipped', 'unlock']],
  ['unconfirmed', [...prepared, 'apply started']],
  ['unconfirmed', [...applied, 'gate failed']],
  ['unconfirmed', [...applied, 'gate failed', 'undo started']],
  ['confirming', [...applied, 'gate', 'confirm started']],
  ['delivered', [...applied, 'gate', 'confirm', 'verify', 'discard', 'unlock failed']],
  ['unclear', [...applied, 'gate', 'confirm failed']],
  ['unclear', [...applied, 'gate', 'confirm', 'verify failed']],
  ['unclear', [...applied, 'gate failed', 'undo']],
  ['unclear', [...applied, 'gate failed', 'undo failed', 'verify failed']],
  ['restored', [...applied, 'gate failed', 'undo', 'verify', 'discard', 'unlock']],
  ['restored', [...prepared, 'apply failed', 'undo failed', 'verify']],
] as const)('a router is %s after %j', (state, all) => {
  expect(stateAfter(...all)).toBe(state);
});

test('why a router is not delivered is the first step that failed', () => {
  const { routers } = deliveryOf([planned, ...steps('apply', 'gate failed', 'undo failed', 'verify')]);
  expect(routers.get('e1')).toMatchObject({ failed: { step: 'gate' }, last: { step: 'verify' } });
  expect(routers.get('w2')).toEqual({ router: 'w2', state: 'untouched', last: undefined, failed: undefined });
});

test('what is left is what was not delivered, or is wanted otherwise by now', () => {
  const done = (router: string, step: StepEvent['step'], outcome: StepEvent['outcome']): JournalEvent => ({
    event: 'step',
    at,
    router,
    step,
    outcome,
    details: [],
  });
  const delivery = deliveryOf([
    planned,
    done('e1', 'confirm', 'done'),
    done('e2', 'apply', 'skipped'),
    done('w1', 'gate', 'failed'),
    { event: 'ended', at, outcome: 'stopped', details: [] },
  ]);
  expect(delivery.outcome).toBe('stopped');
  expect(leftToDeliver(delivery, planned.releases)).toEqual(['w1', 'w2']);
  expect(leftToDeliver(delivery, { ...planned.releases, e1: 'eeee' })).toEqual(['e1', 'w1', 'w2']);
  expect(deliveryOf([planned, done('e1', 'confirm', 'done'), planned]).routers.get('e1')?.state).toBe(
    'untouched',
  );
});

const texts = fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 3 });
const events: fc.Arbitrary<JournalEvent> = fc.oneof(
  fc.record({
    event: fc.constant('step' as const),
    at: fc.constant(at),
    router: fc.string({ maxLength: 8 }),
    step: fc.constantFrom(...STEPS),
    outcome: fc.constantFrom('started' as const, 'done' as const, 'failed' as const, 'skipped' as const),
    details: texts,
  }),
  fc.record({
    event: fc.constant('ended' as const),
    at: fc.constant(at),
    outcome: fc.constantFrom('delivered' as const, 'stopped' as const),
    details: texts,
  }),
  fc.constant(planned),
);

test('a journal is read as it was written, up to where its writer was killed', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 6 }), fc.nat(), (all, cut) => {
      const written = all.map(journalJson).join('');
      expect(parseJournal(written)).toEqual({ events: all, unread: [] });
      const torn = written.slice(0, cut % (written.length + 1));
      const { events: read, unread } = parseJournal(torn);
      expect(read).toEqual(all.slice(0, read.length));
      expect(unread.length).toBeLessThanOrEqual(1);
    }),
  );
});

test('what is no event of a journal is told by its line', () => {
  const written = `${journalJson(planned)}{"event":"step"}\n[]\n\n${journalJson(planned)}`;
  expect(parseJournal(written)).toEqual({ events: [planned, planned], unread: [2, 3] });
});

test('events as lines of a log', () => {
  const told: JournalEvent[] = [
    planned,
    ...steps('apply started'),
    {
      ...(steps('check failed')[0] as StepEvent),
      details: ['bird.conf:3:1 syntax error\n  from staged/bird.conf'],
    },
    { ...(steps('gate')[0] as StepEvent), details: ['4 sessions are up'] },
    {
      event: 'ended',
      at,
      outcome: 'stopped',
      details: ['e1 runs what it ran before', 'e2, w1, w2 were not touched'],
    },
  ];
  expect(told.map(journalLines).join('\n')).toBe(`15:04:05 home: 4 routers in 3 waves
         | 1: e1
         | 2: e2, w1
         | 3: w2
15:04:05 e1: apply started
15:04:05 e1: check failed
         | bird.conf:3:1 syntax error
         |   from staged/bird.conf
15:04:05 e1: gate done: 4 sessions are up
15:04:05 delivery stopped
         | e1 runs what it ran before
         | e2, w1, w2 were not touched`);
});

test('no line of a log is one that a terminal or a workflow would obey', () => {
  fc.assert(
    fc.property(events, (event) => {
      for (const line of journalLines(event).split('\n')) {
        expect(line).toMatch(/^( {9}\||15:04:05 )/);
        expect(line).not.toMatch(/\p{Cc}/u);
      }
    }),
  );
});
