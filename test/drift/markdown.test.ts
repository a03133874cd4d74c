import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';
import { type Drift, driftSchema, parseDrift } from '../../drift/document.ts';
import { inGit } from '../../drift/index.ts';
import { issueState, issueText, issueTitle } from '../../drift/markdown.ts';
import { render } from '../../repository/render.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';
import { anyOf, HOSTILE } from '../review/markdown/hostile.ts';
import { expectInert } from '../review/markdown/inert.ts';

const DETAILS = 'https://github.example/acme/net/actions/runs/99';
const LIMIT = 65_000;
const GOLDEN = 'test/drift/issue.md';

const NONE: Drift = {
  version: 1,
  command: 'drift',
  ok: true,
  network: 'home',
  commit: '4f1c2aa0000000000000000000000000000000ab',
  objects: [],
  routers: [],
  unknown: [],
  same: { objects: 20, routers: 3 },
};

const by = { manager: 'kubectl-edit', is: 'person', at: '2026-02-03T04:05:06Z' } as const;
const OBJECT: Drift['objects'][number] = {
  id: { group: 'crd.projectcalico.org', kind: 'BGPPeer', namespace: null, name: 'wds' },
  change: 'changed',
  fields: [{ path: 'spec.peerIP', before: '192.168.100.1', after: '192.168.100.9', by }],
  by,
  next: 'kubectl get bgppeer wds',
};
const ROUTER: Drift['routers'][number] = {
  router: 'gateway',
  change: 'edited',
  delivered: '4f1c2aa0000000000000000000000000000000ab',
  files: [
    {
      path: 'routers/gateway/k3s/ibgp.conf',
      change: 'changed',
      added: 1,
      removed: 0,
      hunks: ['@@ -1,1 +1,2 @@\n a\n+b'],
    },
  ],
  next: 'npx noencap ship --check gateway',
};
const UNKNOWN: Drift['unknown'][number] = {
  about: { kind: 'router', name: 'cn-ns' },
  message: 'nothing listens at 10.0.0.4',
  evidence: [],
};

const text = (change: Partial<Drift>, limit = LIMIT) =>
  issueText({ ...NONE, ...change }, { limit, details: DETAILS }).text;

test('an issue says what differs, who made it so, how, and the next command', () => {
  const whole = text({ ok: false, objects: [OBJECT], routers: [ROUTER], unknown: [UNKNOWN] });
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, `${whole}\n`);
  expect(`${whole}\n`).toBe(readFileSync(GOLDEN, 'utf8'));
});

test('only drift opens one, only what is known to be fine closes one', () => {
  expect(issueState(NONE)).toBe('none');
  expect(issueState({ ...NONE, unknown: [UNKNOWN] })).toBe('unknown');
  expect(issueState({ ...NONE, unknown: [UNKNOWN], routers: [ROUTER] })).toBe('drift');
  expect(text({})).toContain('**Production is as in git');
  expect(text({ unknown: [UNKNOWN] })).toMatch(
    /^\*\*No drift in what could be read\.\*\*\n\n> \[!WARNING\]\n> Not everything could be read/,
  );
});

test.each([10, 100, 1000, 20_000])('%i objects fit, and what is left out is counted', (count) => {
  const objects = Array.from({ length: count }, (_, at) => ({
    ...OBJECT,
    id: { ...OBJECT.id, name: `peer-${at}` },
  }));
  const whole = text({ objects });
  expect(whole.length).toBeLessThanOrEqual(LIMIT);
  expectInert(whole, DETAILS);
  if (count > 1000) expect(whole).toMatch(/And [\d,]+ more/);
});

test('whatever production says, the text fits and is inert, and so is the title', () => {
  fc.assert(
    fc.property(anyOf(driftSchema), fc.constantFrom(4_000, LIMIT), (drift, limit) => {
      const { text: whole } = issueText(drift, { limit: Math.max(limit, 32_768), details: DETAILS });
      expect(whole.length).toBeLessThanOrEqual(Math.max(limit, 32_768));
      expectInert(whole, DETAILS);
      expect(issueTitle(drift)).toMatch(/^Drift: production differs from git( \([A-Za-z0-9 ._-]+\))?$/);
    }),
    { numRuns: 150 },
  );
});

test.each(HOSTILE)('%j in every place is inert', (hostile) => {
  const drift = JSON.parse(
    JSON.stringify({ ...NONE, objects: [OBJECT], routers: [ROUTER], unknown: [UNKNOWN] }),
    (key, value) =>
      typeof value === 'string' && !['command', 'is', 'change', 'kind'].includes(key) ? hostile : value,
  );
  expectInert(text(drift), DETAILS);
});

test('what is no drift is not taken for one', () => {
  const json = JSON.stringify(NONE);
  expect(parseDrift(json)).toEqual(NONE);
  for (const wrong of [
    '',
    '[]',
    'null',
    json.replace('"version":1', '"version":2'),
    json.replace('"ok"', '"fine"'),
  ])
    expect(parseDrift(wrong)).toHaveProperty('message');
  expect(parseDrift('{"faults": [{"message": "dist is stale"}]}')).toEqual({
    message: 'it holds no drift, but why noencap could not look for it: dist is stale',
  });
  expect(parseDrift(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toHaveProperty('message');
});

test('the account on the page may list all that drift reads, and no Secret', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/drift.md', 'utf8')) ?? [];
  const { rules } = parse(yaml) as { rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] };
  expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list']));
  expect(rules.flatMap(({ resources }) => resources)).not.toContain('secrets');
  const fabric = fabricOf(parse(reportText()));
  const lacking = inGit(fabric, render(fabric, undefined).files).kinds.filter(
    ({ group, kind }) =>
      !rules.some(
        ({ apiGroups, resources }) =>
          apiGroups.includes(group) && resources.includes(`${kind.toLowerCase()}s`),
      ),
  );
  expect(lacking).toEqual([]);
});
