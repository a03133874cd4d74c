import fc from 'fast-check';
import {
  type JournalEvent,
  journalJson,
  journalLine,
  journalLines,
  OUTCOMES,
  STEPS,
  type StepEvent,
} from '../../delivery/journal.ts';

const at = '2026-11-24T15:04:05.678Z';

const planned: JournalEvent = {
  event: 'planned',
  at,
  network: 'home',
  base: 'main~1',
  waves: [['e1'], ['e2', 'w1'], ['w2']],
};

const step = (of: StepEvent['step'], outcome: StepEvent['outcome'], details: string[] = []): StepEvent => ({
  event: 'step',
  at,
  router: 'e1',
  step: of,
  outcome,
  details,
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
    outcome: fc.constantFrom('delivered' as const, 'unhealthy' as const, 'stopped' as const),
    routers: fc.array(
      fc.record({
        router: fc.string({ maxLength: 8 }),
        outcome: fc.constantFrom(...OUTCOMES),
        fault: fc.option(
          fc.record({
            code: fc.constantFrom('gate' as const, 'ssh' as const),
            message: fc.string({ unit: 'binary', maxLength: 20 }),
            fix: fc.string({ unit: 'binary', maxLength: 20 }),
          }),
        ),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.constant(planned),
);

test('an event is one line of JSON, of a shape that a program can rely on', () => {
  fc.assert(
    fc.property(events, (event) => {
      const line = journalJson(event);
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(journalLine.parse(JSON.parse(line))).toEqual({ version: 1, ...event });
    }),
  );
});

test('events as lines of a log', () => {
  const told: JournalEvent[] = [
    planned,
    step('apply', 'started'),
    step('check', 'failed', ['bird.conf:3:1 syntax error\n  from staged/bird.conf']),
    step('gate', 'done', ['4 sessions are up']),
    {
      event: 'ended',
      at,
      outcome: 'stopped',
      routers: [
        {
          router: 'e1',
          outcome: 'undone',
          fault: { code: 'gate', message: 'a session is down', fix: 'Fix it.' },
        },
        { router: 'e2', outcome: 'untouched', fault: null },
      ],
    },
  ];
  expect(told.map(journalLines).join('\n')).toBe(`15:04:05 home: 4 routers in 3 waves, which run main~1
         | 1: e1
         | 2: e2, w1
         | 3: w2
15:04:05 e1: apply started
15:04:05 e1: check failed
         | bird.conf:3:1 syntax error
         |   from staged/bird.conf
15:04:05 e1: gate done: 4 sessions are up
15:04:05 delivery stopped`);
});

test('no line of a log can be obeyed by a terminal or a workflow', () => {
  fc.assert(
    fc.property(events, (event) => {
      for (const line of journalLines(event).split('\n')) {
        expect(line).toMatch(/^( {9}\||15:04:05 )/);
        expect(line).not.toMatch(/\p{Cc}/u);
      }
    }),
  );
});
