import { converged, type Lab, unsettled } from '../../lab/index.ts';
import { booted, on, scenario } from './labs.ts';
import { redundant } from './topologies.ts';

scenario('a verdict needs a network at rest', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await booted(redundant());
  });
  afterAll(async () => lab?.holder.end());

  test('one that changes from look to look never rests, and the failure says where', async () => {
    let looks = 0;
    const run = async (script: string) => {
      if (!script.includes('-j route')) return lab.holder.run(script);
      looks += 1;
      const change = `ip -n e1 route replace blackhole 203.0.113.1/32 metric ${looks}`;
      return lab.holder.run(`${change}; ${script}`);
    };
    const moving: Lab = { ...lab, holder: { ...lab.holder, run } };
    const seen = await converged(moving, { patience: 500, limit: 2000 });
    await on(lab, 'e1', 'ip route flush type blackhole');
    expect(seen.unsettled).toMatch(/^not settled after \d+ s: e1 kept changing$/);
    expect(unsettled(seen)?.message).toBe(`the lab has ${seen.unsettled}`);
  });

  test('one that rests in a wrong state is judged', async () => {
    const { sessions } = lab.expected;
    const absent = sessions.slice(0, 1).map((one) => ({ ...one, ends: withNobody(one.ends) }));
    const asking = { ...lab, expected: { ...lab.expected, sessions: [...sessions, ...absent] } };
    const seen = await converged(asking, { patience: 2000 });
    expect(unsettled(seen)).toBeUndefined();
  });
});

type Ends = Lab['expected']['sessions'][number]['ends'];

const withNobody = ([one, other]: Ends): Ends => [one, { ...other, speaker: 'nobody' }];
