import { lastWord, lossLines } from '../../cli/rehearse.ts';
import type { Ride } from '../../lab/index.ts';

const ride = (lost: number, unsure: number): Ride => ({
  ...{ from: 'a', to: 'b', sent: 500, isSilent: false },
  ...{ lost, unsure, gap: lost * 20 },
});

test.each([
  [0, 0, 'The change is hitless.'],
  [4, 0, 'The change loses packets.'],
  [4, 30, 'The change loses packets.'],
  [0, 30, 'Whether the change loses packets is unknown. Run it again when the machine is less busy.'],
])('of %d packets lost, and %d of which nobody knows it, is said: %s', (lost, unsure, message) => {
  expect(lastWord({ pairs: [ride(lost, unsure), ride(0, 0)], differences: [], failures: [] })).toBe(message);
});

test('packets of which nobody knows stand in a line of their own', () => {
  expect(lossLines([ride(4, 30), ride(0, 12)])).toEqual([
    '            42 packets were lost while the lab waited for a processor: whether the change lost them is unknown',
    '            a to b: 4 of 500 lost, 80 ms in a row',
  ]);
  expect(lossLines([ride(0, 0)])).toEqual([]);
});
