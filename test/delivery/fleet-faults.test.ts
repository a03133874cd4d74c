import { readFileSync, writeFileSync } from 'node:fs';
import { STEPS } from '../../delivery/journal.ts';
import { scenario } from '../lab/labs.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import { PAGE, pageWith } from './fleet-page.ts';
import { CHAPTERS } from './fleet-stories.ts';
import { type Row, tell } from './fleet-story.ts';

jest.setTimeout(300_000);

/** Every step of a delivery is one that ship is killed at. */
test('no step is left out', () => {
  const told = CHAPTERS.flatMap(({ stories }) => stories.filter(({ ends }) => ends === 'killed')).map(
    ({ fault }) => fault,
  );
  expect(STEPS.filter((step) => !told.some((fault) => fault.includes(` ${step} `)))).toEqual([]);
});

scenario('what faults do to a delivery', () => {
  let fleet: Fleet;
  const rows: Row[] = [];
  beforeAll(async () => {
    fleet = await bootFleet();
  });
  afterAll(async () => fleet?.end());

  for (const [generation, chapter] of CHAPTERS.entries()) {
    test(`${chapter.stories.map(({ fault }) => fault).join('; ')}`, async () => {
      rows.push(...(await tell(fleet, chapter, generation)));
    });
  }

  test('BIRD has at a restart what was delivered last', async () => {
    const agree = {
      runs: [CHAPTERS.length],
      files: [CHAPTERS.length],
      atRestart: 'ok',
      pending: false,
      state: 'shipped',
      left: [],
    };
    expect(await fleet.seen()).toEqual({ e1: agree, e2: agree, w1: agree, w2: agree });
    for (const router of Object.values(fleet.routers)) {
      await router.killBird();
      await router.startBird();
    }
    expect(await fleet.seen()).toEqual({ e1: agree, e2: agree, w1: agree, w2: agree });
  });

  test('the page says what was seen (npm run reliability)', () => {
    const page = pageWith(rows);
    if (process.env.NOENCAP_WRITE_PAGE === '1') writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, 'utf8')).toBe(page);
  });
});
