import { join } from 'node:path';
import { adoptedText, comparisonText } from '../../cli/adopt-text.ts';
import { expectGolden } from '../golden.ts';
import { adoptNetwork, networks } from './scenarios.ts';

/** The result for each network: the topology, and what its rendering changes. UPDATE_GOLDEN=1 rewrites it. */
test.each(networks)('%s: its topology, and every difference with its reason', (network) => {
  const { adopted, comparison } = adoptNetwork(network);
  const report = [
    ...comparisonText(adopted.notes, comparison, 120),
    '',
    adoptedText(comparison, undefined),
    '',
  ];
  expectGolden(join('test', 'adopt', 'expected', network), [
    ['topology.yaml', adopted.text],
    ['report.txt', report.join('\n')],
  ]);
});

test('adopting twice gives the same bytes', () => {
  expect(adoptNetwork('report').adopted.text).toBe(adoptNetwork('report').adopted.text);
});
