import { scenario } from '../lab/labs.ts';
import { redundant } from '../lab/topologies.ts';
import { inLab } from './in-lab.ts';
import { simulated } from './in-simulator.ts';
import type { Network } from './network.ts';
import { networkIn } from './sentences.ts';
import { type Story, tellerOf } from './telling.ts';
import type { World } from './world.ts';

/** Sentences that are wrong about a healthy network with two reflectors, each with the expected message. */
const wrong: Readonly<Record<string, [(net: Network) => Promise<void>, RegExp]>> = {
  'a next hop too few': [
    (net) => net.expect('e-a').routeTo('w-a', { nextHops: ['e1'] }),
    /e-a to w-a \(10\.42\.0\.128\/26\): next hops are e[12] and e[12], not e1\n.*it has: from e[12], next hop/,
  ],
  'a next hop too many': [
    (net) => net.expect('e-a').routeTo('e-b', { nextHops: ['e-b', 'e1'] }),
    /next hops are e-b, not e-b and e1/,
  ],
  'a metric': [(net) => net.expect('e-a').routeTo('w-a', { metric: 7 }), /the metric is 0, not 7/],
  'who the best route is from': [
    (net) => net.expect('e-a').routeTo('w-a', { best: { from: 'e2' } }),
    /the best route is not from e2/,
  ],
  'the next hop of the best route': [
    (net) => net.expect('e-a').routeTo('w-a', { best: { from: 'e1', nextHop: '192.168.1.2' } }),
    /the best route is not from e1, next hop 192\.168\.1\.2/,
  ],
  'the clusters of the best route': [
    (net) => net.expect('e-a').routeTo('w-a', { best: { clusters: ['10.0.0.3', '10.0.0.1'] } }),
    /the best route is not clusters 10\.0\.0\.3 10\.0\.0\.1/,
  ],
  'another route too few': [
    (net) => net.expect('e-a').routeTo('w-a', { others: [] }),
    /the other routes are not none/,
  ],
  'another route too many': [
    (net) => net.expect('e-a').routeTo('w-a', { others: [{ from: 'e2' }, { from: 'e2' }] }),
    /the other routes are not from e2; from e2/,
  ],
  'a route that is not there': [
    (net) => net.expect('w-a').routeTo('w-a', { best: { from: 'w1' } }),
    /w-a to w-a .*: its kernel goes by: pod/s,
  ],
  'no route': [
    (net) => net.expect('w1').hasNoRouteTo('e-a'),
    /w1 has a route to e-a .*: bgp e[12] and e[12]/s,
  ],
  'a way that is not taken': [
    (net) => net.expect('e-b').reaches('e-a', { by: ['e-b', 'e1', 'e-a'] }),
    /e-b to e-a \(ipv4\): goes e-b > e-a, not e-b > e1 > e-a/,
  ],
  'one way of two': [
    (net) => net.expect('w-a').reaches('e-a', { by: ['w-a', 'w1', 'e1', 'e-a'] }),
    /goes w-a > w1 > e[12] > e-a or w-a > w1 > e[12] > e-a, not w-a > w1 > e1 > e-a/,
  ],
  'a turn': [
    (net) => net.expect('e-a').reaches('e-b', { turnsAt: ['e1'] }),
    /turns around at nobody, not e1/,
  ],
  'an MTU': [(net) => net.expect('e-a').reaches('w-a', { mtu: 1421 }), /the MTU is 1420, not 1421/],
  'that pods do not reach each other': [
    (net) => net.expect('e-a').doesNotReach('w-a'),
    /e-a to w-a \(ipv4\): arrives by e-a > e[12] > w1 > w-a/,
  ],
  'a loop': [
    (net) => net.expect('e-a').mayLoopTo('w-a', { between: ['e1', 'e2'] }),
    /e-a to w-a \(ipv4\): leads e-a > e[12] > w1 > w-a or /,
  ],
  'a session that is up': [
    (net) => net.expectSession('e-a--e1/ipv4').down(),
    /e-a--e1\/ipv4 is up at e1\n.*e-a--e1\/ipv4 is up at e-a/,
  ],
  'a machine that is misspelt': [(net) => net.expect('e-x').hasNoRouteTo('w-a'), /^the network has no e-x$/],
  'a session that is misspelt': [
    async (net) => net.expectSession('e1--e-a/ipv4').down(),
    /^the network has no e1--e-a\/ipv4$/,
  ],
  'a failure of something that is misspelt': [
    (net) => net.fail({ kind: 'segment', name: 'cor' }),
    /^the network has no cor$/,
  ],
};

describe.each([
  { world: 'the simulator', open: simulated, describe },
  { world: 'real BIRD', open: inLab, describe: scenario },
])('$world rejects a wrong scenario, and says what differs, about', ({ open, describe }) => {
  describe('a network in which all is well:', () => {
    let world: World;
    let net: Network;
    beforeAll(async () => {
      world = await open(redundant());
      await networkIn(world).expect('e-a').reaches('w-a');
      await networkIn(world).expect('w-a').reaches('e-b');
      net = networkIn({ ...world, patience: Math.min(world.patience, 300) });
    });
    afterAll(() => world?.end());

    test.each(Object.entries(wrong))('%s', async (_, [sentence, message]) => {
      await expect(Promise.resolve().then(() => sentence(net))).rejects.toThrow(message);
    });
  });
});

/** A world in which nothing is as expected, or everything. */
const world = (isUp: () => boolean, base: World): World => ({
  ...base,
  look: async () => ({ ...(await base.look()), isUp: () => new Array(2).fill(isUp()) }),
});

test('a claim that held early but no longer holds at the next failure is reported', async () => {
  let looks = 0;
  const fickle = world(() => looks++ < 1, await simulated(redundant()));
  const net = networkIn(fickle);
  await net.expectSession('e-a--e1/ipv4').up();
  await expect(net.fail({ kind: 'router', name: 'e1' })).rejects.toThrow('e-a--e1/ipv4 is down at e1');
});

test('a late result holds if there is patience', async () => {
  let looks = 0;
  const late = world(() => looks++ > 8, { ...(await simulated(redundant())), patience: 5000 });
  await networkIn(late).expectSession('e-a--e1/ipv4').up();
  expect(looks).toBeGreaterThan(8);
});

test('the error leads to the line of the sentence', async () => {
  const net = networkIn(await simulated(redundant()));
  const error: Error = await net
    .expectSession('e-a--e1/ipv4')
    .down()
    .catch((reason) => reason);
  expect(error.stack?.split('\n').find((line) => /^ +at /.test(line))).toContain('sentences.test.ts');
});

describe('a teller', () => {
  const story = (of: string, ...scenarios: [string, (net: Network) => Promise<void>][]): Story => ({
    of,
    topology: redundant(),
    scenarios: Object.fromEntries(scenarios),
  });
  const down = async (net: Network) => {
    await net.fail({ kind: 'router', name: 'e1' });
    await net.expectSession('e-a--e1/ipv4').up();
  };
  const up = (net: Network) => net.expectSession('e-a--e1/ipv4').up();

  test('fails only the wrong scenario, and repairs what it left broken', async () => {
    const one = story('one', ['first', up], ['wrong', down], ['last', up]);
    const teller = tellerOf([one], simulated, 1);
    await teller.play(one, 'first');
    await expect(teller.play(one, 'wrong')).rejects.toThrow('is down at e1');
    await teller.play(one, 'last');
  });

  test('opens at most the allowed number of worlds at once, each once, awaited ones first', async () => {
    const stories = ['a', 'b', 'c', 'd'].map((name) => story(name, ['up', up]));
    let [open, most] = [0, 0];
    const opened: string[] = [];
    const counted = async (topology: Story['topology']): Promise<World> => {
      opened.push(stories.find((one) => one.topology === topology)?.of ?? '');
      most = Math.max(most, ++open);
      const simulator = await simulated(topology);
      return { ...simulator, end: async () => void open-- };
    };
    const teller = tellerOf(stories, counted, 2);
    await Promise.all([...stories].reverse().map((one) => teller.play(one, 'up')));
    expect(most).toBe(2);
    expect(opened.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(opened[0]).toBe('d');
  });

  test('fails every scenario of a network that cannot be opened, and continues', async () => {
    const [bad, good] = [story('bad', ['up', up]), story('good', ['up', up])];
    const refuse = (topology: Story['topology']) =>
      topology === bad.topology ? Promise.reject(new Error('no lab')) : simulated(topology);
    const teller = tellerOf([bad, good], refuse, 1);
    await expect(teller.play(bad, 'up')).rejects.toThrow('no lab');
    await teller.play(good, 'up');
    await teller.end();
  });
});
