import { orderText } from '../../cli/ship-plan.ts';

test('a required order is reported, and nothing if any order will do', () => {
  const told = (first: Parameters<typeof orderText>[0]['first']) => orderText({ first, message: 'why' });
  expect(told('either')).toEqual([]);
  expect(told('apart')).toEqual(['why']);
  expect(told('routers')).toEqual([
    'why',
    'Pause the engine before the merge until all waves are confirmed: ship does not do this.',
  ]);
  expect(told('cluster')).toEqual([
    'why',
    'Start when the engine has synced: while the nodes keep those sessions, ship refuses to run.',
  ]);
});
