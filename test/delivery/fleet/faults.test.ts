import { readFileSync, writeFileSync } from 'node:fs';
import { STEPS } from '../../../delivery/journal.ts';
import { scenario } from '../../lab/labs.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import { PAGE, pageWith } from './page.ts';
import { CHAPTERS } from './stories.ts';
import { type Chapter, type Row, tell } from './story.ts';

jest.setTimeout(900_000);

const FLEETS = 3;

test('ship is killed at every step', () => {
  const told = CHAPTERS.flatMap(({ stories }) => stories.filter(({ ends }) => ends === 'killed')).map(
    ({ fault }) => fault,
  );
  expect(STEPS.filter((step) => !told.some((fault) => fault.includes(` ${step} `)))).toEqual([]);
});

scenario('what faults do to a delivery', () => {
  /** Most of the time is spent waiting for BIRD's time limits, so several fleets run the chapters in parallel. */
  const fleets: Fleet[] = [];
  const told = new Map<Chapter, Promise<Row[]>>();
  const ends: Promise<number>[] = [];
  beforeAll(async () => {
    for (let first = 0; first < FLEETS; first += 1) {
      const fleet = await bootFleet();
      fleets.push(fleet);
      ends.push(goThrough(fleet, first));
    }
  });
  afterAll(async () => {
    await Promise.allSettled(ends);
    // The last one first: each has replaced the agent of the one before.
    for (const fleet of fleets.reverse()) await fleet.end();
  });

  /** Runs every third chapter; resolves with the generation at the end. */
  function goThrough(fleet: Fleet, first: number): Promise<number> {
    let before: Promise<number> = first === 0 ? Promise.resolve(0) : delivered(fleet);
    for (const chapter of CHAPTERS.filter((_, index) => index % FLEETS === first)) {
      const rows = before.then((generation) => tell(fleet, chapter, generation));
      before = Promise.all([before, rows]).then(([generation]) => generation + 1);
      told.set(chapter, rows);
      // The chapter's own test reports it.
      rows.catch(() => {});
    }
    before.catch(() => {});
    return before;
  }

  for (const chapter of CHAPTERS) {
    test(chapter.stories.map(({ fault }) => fault).join('; '), async () => {
      expect(await told.get(chapter)).toHaveLength(chapter.stories.length);
    });
  }

  test('at a restart BIRD has what was delivered last', async () => {
    const generations = await Promise.all(ends);
    for (const [index, fleet] of fleets.entries()) {
      const own = [generations[index]];
      const agree = { runs: own, files: own, atRestart: 'ok', pending: false, state: 'shipped', left: [] };
      const all = { e1: agree, e2: agree, w1: agree, w2: agree };
      expect(await fleet.seen()).toEqual(all);
      for (const router of Object.values(fleet.routers)) {
        await router.killBird();
        await router.startBird();
      }
      expect(await fleet.seen()).toEqual(all);
    }
  });

  test('the page matches the results (npm run reliability)', async () => {
    const rows = await Promise.all(CHAPTERS.map((chapter) => told.get(chapter) ?? []));
    const page = pageWith(rows.flat());
    if (process.env.NOENCAP_WRITE_PAGE === '1') writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, 'utf8')).toBe(page);
  });
});

/** The routers have their initial files; the first delivery makes them noencap's. */
async function delivered(fleet: Fleet): Promise<number> {
  fleet.desk.main.commit(1);
  const { code, said } = await fleet.ran(['ship', '--accept-drift']);
  if (code !== 0) throw new Error(said);
  return 1;
}
