import pc from 'picocolors';
import { analyse, type FailureReport } from '../../analysis/index.ts';
import { whatIfText } from '../../cli/what-if.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/labs.ts';

/** A report in which these pairs are lost. */
const losing = (names: readonly string[], pairs: readonly string[]): FailureReport => ({
  failed: names.map((name) => ({ kind: 'router', name })),
  alike: 1,
  lost: pairs.length,
  worse: 0,
  moreHops: 0,
  lessMtu: 0,
  changes: pairs.map((pair) => ({
    from: pair,
    to: 'z',
    prefix: '10.42.0.0/26',
    pairs: 1,
    becomes: 'lost',
    hops: [1, undefined],
    mtu: [1500, undefined],
    turns: false,
  })),
});

test('of two failures together every pair is news that neither loses alone, however much both lose alone', () => {
  const reports = [
    losing(['a'], ['p', 'q', 'r']),
    losing(['b'], ['p', 'q', 'r']),
    losing(['c'], ['s']),
    losing(['a', 'b'], ['p', 'q', 'r', 's']),
    losing(['a', 'c'], ['p', 'q', 'r', 's']),
  ];
  const text = whatIfText(analyse(fabricOf(redundant())), reports, pc.createColors(false));
  expect(text).toContain('router a + router b');
  expect(text).not.toContain('router a + router c');
  expect(text).toContain('1 other failure changes nothing more.');
});
