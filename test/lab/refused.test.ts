import type { LogLine } from '../../lab/observe.ts';
import { complaints } from '../../lab/refused.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { twoRegions } from '../fabric/networks.ts';
import { fabricOf } from '../fabric-of.ts';

const line = (message: string, host = 'e-a'): LogLine => ({
  host,
  text: `2026-11-29 16:33:13 <ERR> ${message}`,
});
const DEFAULT = 'Node_192_168_1_1: Invalid NEXT_HOP attribute in route 0.0.0.0/0';

type Rules = NonNullable<NonNullable<TopologyInput['calico']['filters']>[string]['export']>;

/** The errors left in the logs if a filter with these rules is on the sessions with e1. */
const left = (rules: Rules, lines: readonly LogLine[]) => {
  const { calico, ...topology } = twoRegions();
  const filters = { own: { routers: ['e1'], export: rules } };
  return complaints(fabricOf({ ...topology, calico: { ...calico, filters } }), { errors: lines });
};

test('a route that a filter announces back to its own next hop is not an error of the lab', () => {
  expect(left([{ action: 'Accept' }], [line(DEFAULT)])).toEqual([]);
});

test.each([
  ['no rule accepts it', [{ action: 'Reject', match: { cidr: '10.42.0.0/16', operator: 'NotIn' } }], DEFAULT],
  ['rules accept others', [{ action: 'Accept', match: { cidr: '10.42.0.0/16', operator: 'In' } }], DEFAULT],
  ['BIRD says something else', [{ action: 'Accept' }], 'Node_192_168_1_1: Error: Hold timer expired'],
  [
    'it goes to a router without the filter',
    [{ action: 'Accept' }],
    'Node_192_168_2_1: Invalid NEXT_HOP attribute in route 0.0.0.0/0',
  ],
] as [string, Rules, string][])('it is one where %s', (_, rules, message) => {
  expect(left(rules, [line(message)])).toEqual([line(message)]);
});

test("a router's error message is an error of the lab", () => {
  expect(left([{ action: 'Accept' }], [line(DEFAULT, 'e1')])).toEqual([line(DEFAULT, 'e1')]);
});
