import { scenario as inNamespaces } from '../lab/labs.ts';
import { stories as gateways } from './gateways.ts';
import { inLab } from './in-lab.ts';
import { simulated } from './in-simulator.ts';
import { stories as nextHops } from './next-hops.ts';
import { stories as policies } from './policies.ts';
import { stories as redundancy } from './redundancy.ts';
import { stories as report } from './report.ts';
import { type Story, tellerOf } from './telling.ts';
import { stories as underlay } from './underlay.ts';

const stories: readonly Story[] = [
  ...report,
  ...redundancy,
  ...underlay,
  ...policies,
  ...gateways,
  ...nextHops,
];

/** Each lab works for a tenth of its time. */
const LABS_ABREAST = 6;

describe.each([
  { world: 'the simulator', open: simulated, describe, abreast: 1 },
  { world: 'real BIRD', open: inLab, describe: inNamespaces, abreast: LABS_ABREAST },
])('$world', ({ open, describe, abreast }) => {
  const teller = tellerOf(stories, open, abreast);
  afterAll(() => teller.end());

  describe.each(stories)('$of', (story) => {
    for (const name of Object.keys(story.scenarios)) {
      test(name, () => teller.play(story, name));
    }
  });
});
