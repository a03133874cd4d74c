import { readFileSync } from 'node:fs';
import { ownedFiles, parseRecord, recordText, upgradeOf } from '../../start/index.ts';

const [OLD, NEW] = ['a'.repeat(40), 'b'.repeat(40)];
const workflow = (version: string, commit: string, step = 'one') =>
  `on: push\njobs:\n  x:\n    steps:\n      - uses: actions/checkout@${commit} # ${version}\n      - run: ${step}\n`;

const WAS = new Map([['.github/workflows/x.yml', workflow('v6.0.2', OLD)]]);
const recorded = parseRecord(recordText(WAS)) ?? {};
const [path = ''] = WAS.keys();

const fate = (now: string | undefined, template: string | undefined, record = recorded) => {
  const owned = new Map(template === undefined ? [] : [[path, template]]);
  const [change] = upgradeOf(owned, record, () => now);
  return change;
};

const was = WAS.get(path) ?? '';
const next = workflow('v6.0.2', OLD, 'two');
const mine = workflow('v6.0.2', OLD, 'mine');

test.each([
  ['as noencap wrote it, and still writes it', was, was, 'same'],
  ['as noencap wrote it, and now writes otherwise', was, next, 'renew'],
  ['already as noencap now writes it', next, next, 'same'],
  ['edited, and noencap has something new', mine, next, 'edited'],
  ['edited, and noencap has nothing new', mine, was, 'same'],
  ['removed', undefined, next, 'removed'],
  ['as noencap wrote it, which has no use for it', was, undefined, 'retire'],
  ['edited, and noencap has no use for it', mine, undefined, 'same'],
  ['empty', '', next, 'edited'],
])('a file that is %s', (_, now, template, does) => {
  expect(fate(now, template)?.does).toBe(does);
});

test("a file that noencap never wrote is added, or it is the user's", () => {
  expect(fate(undefined, next, {})?.does).toBe('add');
  expect(fate(mine, next, {})?.does).toBe('edited');
  expect(fate(next, next, {})?.does).toBe('same');
});

describe('a newer action, as Renovate pins it,', () => {
  const raised = workflow('v6.1.0', NEW);

  test('is no edit, and stays', () => {
    expect(fate(raised, was)).toMatchObject({ does: 'same' });
    expect(fate(raised, next)).toMatchObject({ does: 'renew', text: workflow('v6.1.0', NEW, 'two') });
  });

  test('gives way to one that noencap has newer', () => {
    expect(fate(was, workflow('v6.10.0', NEW))).toMatchObject({
      does: 'renew',
      text: workflow('v6.10.0', NEW),
    });
    expect(fate(workflow('v6.9.9', OLD), workflow('v6.10.0', NEW))?.text).toBe(workflow('v6.10.0', NEW));
  });

  test('that is another action is an edit', () => {
    expect(fate(was.replace('actions/checkout', 'me/checkout'), next)?.does).toBe('edited');
  });

  test('by a tag instead of a commit is an edit', () => {
    expect(fate(was.replace(/@\w+ # v[\d.]+/, '@v6'), next)?.does).toBe('edited');
  });
});

test.each([
  '',
  '[]',
  '{}',
  '{"files": null}',
  '{"files": {"x": 1}}',
  '{"files": {"x": "abc"}}',
  `{"files": {"../x": "${'0'.repeat(64)}"}}`,
  `{"files": {"/etc/passwd": "${'0'.repeat(64)}"}}`,
  `{"files": {"a/./b": "${'0'.repeat(64)}"}}`,
  `{"files": {".git/hooks/x": "${'0'.repeat(64)}"}}`,
])('%s is no record', (text) => {
  expect(parseRecord(text)).toBeUndefined();
});

test('what is owned are the workflows and cdk8s.yaml, and nothing that a user writes', () => {
  const owned = ownedFiles((file) => readFileSync(`.github/workflows/${file}`, 'utf8'));
  expect([...owned.keys()].sort()).toEqual([
    '.github/workflows/drift.yml',
    '.github/workflows/fork-comment.yml',
    '.github/workflows/pull-request.yml',
    '.github/workflows/routers.yml',
    'cdk8s.yaml',
  ]);
  expect(Object.keys(parseRecord(recordText(owned)) ?? {})).toEqual([...owned.keys()]);
});
