import fc from 'fast-check';
import { parse } from 'yaml';
import { colours } from '../../cli/colour.ts';
import { driftText } from '../../cli/drift-text.ts';
import { type Drift, driftSchema } from '../../drift/document.ts';
import { inGit, objectsDrift, proposals } from '../../drift/index.ts';
import type { LiveObject } from '../../drift/live-object.ts';
import { issueText } from '../../drift/markdown.ts';
import { render } from '../../repository/render.ts';
import { UNPRINTABLE } from '../../topology/foreign.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';
import { hostile } from '../review/markdown/hostile.ts';
import { expectInert } from '../review/markdown/inert.ts';

const FABRIC = fabricOf(parse(reportText()));
const GIT = inGit(FABRIC, render(FABRIC, undefined).files);

/** Anything that JSON can hold in place of a part of what git has. */
const anything = fc.oneof(
  hostile,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constant({ __proto__: null }),
  fc.constant(JSON.parse('{"__proto__": {"a": 1}, "constructor": [], "f:a": {}}')),
) as fc.Arbitrary<unknown>;

const { fields } = fc.letrec<{ fields: object }>((tie) => ({
  fields: fc.dictionary(
    fc.oneof(
      fc.constantFrom(
        'f:spec',
        'f:metadata',
        'f:annotations',
        'f:calicoNetwork',
        'f:ipPools',
        '.',
        'k:{"name":"a"}',
        'k:{',
        'v:1',
        'f:__proto__',
      ),
      hostile.map((text) => `f:${text}`),
    ),
    fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant({}), tie('fields')),
    { maxKeys: 4 },
  ),
}));

const live = fc
  .record({
    of: fc.constantFrom(...GIT.objects),
    isRenamed: fc.boolean(),
    name: hostile,
    spec: fc.option(anything, { nil: undefined }),
    metadata: fc.option(anything, { nil: undefined }),
    managed: fc.array(
      fc.record({
        manager: fc.oneof(hostile, fc.constantFrom('kubectl-edit', 'argocd-controller', 'operator')),
        at: fc.option(hostile, { nil: undefined }),
        isApplied: fc.boolean(),
        fields,
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ of, isRenamed, name, spec, metadata, managed }): LiveObject => {
    const id = isRenamed ? { ...of.id, name } : of.id;
    const value = {
      ...of.value,
      ...(spec === undefined ? {} : { spec }),
      ...(metadata === undefined ? {} : { metadata }),
    };
    return { id, value: JSON.parse(JSON.stringify(value)), managed } as LiveObject;
  });

test('whatever a cluster says, it is told as a document, as text and as an issue, and obeyed nowhere', () => {
  fc.assert(
    fc.property(fc.array(live, { minLength: 1, maxLength: 6 }), (objects) => {
      const kinds = GIT.kinds.map((of) => ({
        of,
        read: {
          ok: true,
          value: objects.filter(({ id }) => id.group === of.group && id.kind === of.kind),
        } as const,
      }));
      const found = objectsDrift(FABRIC, GIT, {
        context: 'home',
        server: 'https://a',
        unread: undefined,
        kinds,
      });
      const drift: Drift = {
        version: 1,
        command: 'drift',
        ok: false,
        network: 'home',
        commit: null,
        objects: [...found.objects],
        routers: [],
        unknown: [...found.unknown],
        same: { objects: found.same, routers: 0 },
      };
      expect(driftSchema.safeParse(JSON.parse(JSON.stringify(drift))).success).toBe(true);
      const text = driftText(drift, { colour: colours(false) });
      expect(text.split('\n').filter((line) => line.search(UNPRINTABLE) >= 0)).toEqual([]);
      expectInert(issueText(drift, { limit: 65_000, details: undefined }).text);
      const { left, proposals: some } = proposals(FABRIC, parse(reportText()), found);
      expect(left.length + some.length > 0 || found.objects.length === 0).toBe(true);
      // JSON.parse makes them own keys; nothing here may make them more.
      expect(({} as { a?: unknown }).a).toBeUndefined();
    }),
    { numRuns: 150 },
  );
});
