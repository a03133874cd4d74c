import pc from 'picocolors';
import { analyse, type FailureReport, failureReports } from '../../analysis/index.ts';
import { whatIfText } from '../../cli/what-if.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

/** A report in which these pairs are lost. */
const losing = (names: readonly string[], pairs: readonly string[]): FailureReport => ({
  failed: names.map((name) => ({ kind: 'router', name })),
  alike: 1,
  lost: pairs.length,
  worse: 0,
  moreHops: 0,
  lessMtu: 0,
  waiting: 0,
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

test('for two failures every pair that neither loses alone is news, however much each loses alone', () => {
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

test('after a failure that redundancy covers, a node whose BIRD restarts waits for the missing peer', () => {
  const analysis = analyse(fabricOf(redundant()));
  const reports = failureReports(analysis, 1);
  const waiting = (name: string) => reports.find(({ failed: [one] }) => one?.name === name)?.waiting;
  expect(reports.find(({ failed: [one] }) => one?.name === 'e2')?.changes).toEqual([]);
  expect([waiting('e2'), waiting('e-a--e2/ipv4'), waiting('west-lan')]).toEqual([2, 1, 1]);
  expect(whatIfText(analysis, reports, pc.createColors(false))).toMatch(/it waits 240 s for that peer/);
});
