import fc from 'fast-check';
import { render } from '../../repository/render.ts';
import {
  NO_TRUST_FILES,
  parseReview,
  type Review,
  review,
  reviewSchema,
  type State,
} from '../../review/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { arbitraryNetwork } from '../analysis/arbitrary-network.ts';
import { arbitraryTopology } from '../cli/arbitrary-topology.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

function state(topology: TopologyInput, name: string): State {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  return {
    name,
    commit: undefined,
    fabric,
    files,
    trust: NO_TRUST_FILES,
    placeOf: (path) => ({ path: path.join('.') }),
  };
}

const reviewed = (base: TopologyInput, head: TopologyInput, rehearsal: Review['rehearsal'] = null): Review =>
  review(state(base, 'base'), state(head, 'head'), { accepted: false, rehearsal, notes: [] });

const any = fc.oneof(arbitraryNetwork(), arbitraryTopology);

test('any change of any network makes a review that survives JSON', () => {
  fc.assert(
    fc.property(any, any, (base, head) => {
      const told = reviewed(base, head);
      expect(reviewSchema.parse(told)).toEqual(told);
      expect(parseReview(JSON.stringify(told))).toEqual(told);
      expect(JSON.stringify(reviewed(base, head))).toBe(JSON.stringify(told));
    }),
    { numRuns: 40 },
  );
});

test('a network that does not change is a review that says so', () => {
  fc.assert(
    fc.property(any, (one) => {
      const { outcome, ok, objects, files, fabric, sessions, traffic, failures, findings } = reviewed(
        one,
        one,
      );
      expect({ outcome, ok, objects, files, fabric, traffic }).toEqual({
        outcome: 'nothing',
        ok: true,
        objects: [],
        files: [],
        fabric: [],
        traffic: [],
      });
      expect([sessions.changed, failures.fatal, failures.survived]).toEqual([[], [], []]);
      expect(findings).toEqual({ introduced: [], fixed: [], reopened: [] });
    }),
    { numRuns: 40 },
  );
});

const bgp = (change: TopologyInput['bgp']): TopologyInput =>
  redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6, ...change } });

const W1 = { ...bgp({}).routers?.w1, clusterId: '10.0.0.77' };
const otherW1: TopologyInput = { ...bgp({}), routers: { ...bgp({}).routers, w1: W1 as never } };

test('a reload is hitless; a reset without another path loses packets, and that is a danger', () => {
  expect(reviewed(bgp({}), bgp({ reflectorNextHop: 'self' })).outcome).toBe('risky');
  expect(reviewed(bgp({ exportBorrowed: false }), bgp({})).outcome).toBe('hitless');
  const alone = reviewed(bgp({}), otherW1);
  expect(alone).toMatchObject({ outcome: 'dangerous', ok: false });
  expect(alone.interruptions).toEqual([{ speaker: 'w1', sessions: 1, lost: 2 }]);
  expect(reviewed(bgp({}), bgp({ holdTime: 9 }))).toMatchObject({ outcome: 'dangerous', ok: false });
});

test('a loss in the lab counts even if none was forecast, and a forecast stands even if one run lost nothing', () => {
  const lab = { sent: 100, lost: 0, gap: 0, worst: [], reset: [], failures: [] };
  const strict = bgp({ exportBorrowed: false });
  expect(reviewed(strict, bgp({}), lab).outcome).toBe('hitless');
  expect(reviewed(strict, bgp({}), { ...lab, lost: 3, gap: 60 })).toMatchObject({
    outcome: 'felt',
    ok: true,
  });
  expect(reviewed(strict, bgp({}), { ...lab, lost: 50, gap: 1000 })).toMatchObject({
    outcome: 'dangerous',
    ok: false,
  });
  expect(reviewed(bgp({}), otherW1, lab).outcome).toBe('dangerous');
  expect(reviewed(strict, bgp({}), { ...lab, failures: ['e1--w1/ipv4 is Active at e1'] })).toMatchObject({
    outcome: 'dangerous',
    ok: false,
  });
});

test('accepting a danger does not remove it', () => {
  const told = review(state(bgp({}), 'base'), state(bgp({ holdTime: 9 }), 'head'), {
    accepted: true,
    rehearsal: null,
    notes: [],
  });
  expect(told).toMatchObject({ ok: true, outcome: 'dangerous', accepted: true });
  expect(told.dangers).not.toEqual([]);
});

test('a document of another format, or of none, is recognised', () => {
  const told = reviewed(bgp({}), bgp({ holdTime: 9 }));
  const message = (value: unknown) => (parseReview(JSON.stringify(value)) as { message: string }).message;
  expect(message({ ...told, version: 1 })).toBe('it is of format 1, and this noencap reads format 4');
  const refused = {
    version: 1,
    command: 'diff',
    ok: false,
    faults: [{ code: 'base', message: 'No.', fix: '' }],
  };
  expect(message(refused)).toBe('it holds no review, but why noencap diff could not make one: No.');
  expect(message({ ...told, pairs: 'many' })).toMatch(/^it is not a review: pairs: /);
  expect(message({ ...told, more: 1 })).toMatch(/^it is not a review: /);
  expect(message([])).toMatch(/^it is not a review/);
  expect((parseReview('{') as { message: string }).message).toMatch(/^it is not JSON: /);
});
