import { cutOffWithout, staysAt } from '../../analysis/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant, report } from '../lab/topologies.ts';

const routerOf = (fabric: ReturnType<typeof fabricOf>, name: string) => {
  const router = fabric.routers.find((one) => one.name === name);
  if (router === undefined) throw new Error(`no router ${name}`);
  return router;
};
const pairs = (...args: Parameters<typeof cutOffWithout>): string[] =>
  cutOffWithout(...args).map(({ from, to, becomes }) => `${from} to ${to}: ${becomes}`);

test('the only router of a region cuts its nodes off; one of two does not, unless the other is away already', () => {
  const fabric = fabricOf(redundant());
  expect(pairs(fabric, 'e1')).toEqual([]);
  expect(pairs(fabric, 'w1', { apart: ['e-a', 'e-b'] })).toEqual(
    expect.arrayContaining(['e-a to w-a: lost', 'w-a to e-b: lost']),
  );
  expect(pairs(fabric, 'e1', { absent: ['e2'] })).toEqual(expect.arrayContaining(['w-a to e-a: lost']));
  // What is lost without it already is nobody's news.
  expect(pairs(fabric, 'e1', { absent: ['w1'] })).toEqual([]);
});

test('static routes and an OSPF of the operator stay', () => {
  const standalone = fabricOf(
    redundant({
      routers: Object.fromEntries(
        Object.entries(redundant().routers ?? {}).map(([name, one]) => [
          name,
          { ...one, bird: { mode: 'standalone' as const } },
        ]),
      ),
    }),
  );
  expect(staysAt(standalone, routerOf(standalone, 'e1'))).toEqual([
    expect.stringMatching(/^the default route of e-a, e-b, which is static/),
  ]);
  expect(staysAt(standalone, routerOf(standalone, 'e2'))).toEqual([]);
  const home = fabricOf(report());
  expect(staysAt(home, routerOf(home, 'cn-ns'))).toEqual([expect.stringContaining('stub router yes;')]);
});
