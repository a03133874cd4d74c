import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseReview, type Review } from '../../review/index.ts';
import { reportText } from '../fixture/report.ts';
import { KEYS } from '../review/host-key-lines.ts';
import { gitIn, noencap, scratch } from './run.ts';

let folder: string;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => rmSync(folder, { recursive: true }));

const git = (...args: readonly string[]): string => gitIn(folder, ...args);

const TOPOLOGY = reportText();
const edit = (from: string, to: string, file = 'topology.yaml'): void => {
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(folder, file), text.replace(from, to));
};

/** A repository whose main branch has the report's network, rendered. */
function repository(topology = TOPOLOGY, file = 'topology.yaml'): void {
  writeFileSync(join(folder, file), topology);
  expect(noencap(folder, ['synth', '-t', file]).code).toBe(0);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'base');
}

function review(...args: readonly string[]): Review {
  const { stdout, stderr } = noencap(folder, ['diff', '--json', ...args]);
  const told = parseReview(stdout);
  if ('message' in told) throw new Error(`${told.message}\n${stderr}\n${stdout.slice(0, 500)}`);
  return told;
}

const HOLD = ['asNumber: 64512', 'asNumber: 64512\n  holdTime: 20'] as const;

test('nothing changes on the main branch itself', () => {
  repository();
  expect(noencap(folder, ['diff'])).toEqual({
    code: 0,
    stdout: `home: from the merge base with main (${git('rev-parse', 'HEAD').slice(0, 10)}) to main (${git('rev-parse', 'HEAD').slice(0, 10)})\n  Nothing changes. Cluster, routers and nodes are unchanged.\n`,
    stderr: '',
  });
});

test('edits that are not rendered yet are compared as they would be rendered, and reported as stale', () => {
  repository();
  edit(...HOLD);
  const told = review();
  expect(told.fabric[0]?.details).toEqual(['hold time 15 s -> 20 s']);
  expect(told.sessions.changed.map(({ change }) => change)).toEqual(Array(6).fill('reset'));
  expect(told.notes).toEqual([expect.stringMatching(/^dist is stale: \d+ files differ/)]);
  expect(noencap(folder, ['synth']).code).toBe(0);
  expect(review()).toEqual({ ...told, notes: [] });
});

test('commits on main since this branch left it are not changes of this branch', () => {
  repository();
  git('checkout', '-qb', 'change');
  edit(...HOLD);
  noencap(folder, ['synth']);
  git('commit', '-qam', 'hold time');
  git('checkout', '-q', 'main');
  edit('natOutgoing: true', 'natOutgoing: false');
  noencap(folder, ['synth']);
  git('commit', '-qam', 'no NAT');
  git('checkout', '-q', 'change');
  expect(review().fabric.flatMap(({ details }) => details)).toEqual(['hold time 15 s -> 20 s']);
  expect(review('--base', 'main').fabric.flatMap(({ details }) => details)).toEqual([
    'hold time 15 s -> 20 s',
    'NAT of outgoing packets off -> on',
  ]);
});

test('in a pull request the base is its target branch', () => {
  repository();
  git('branch', 'release');
  edit('natOutgoing: true', 'natOutgoing: false');
  git('commit', '-qam', 'no NAT');
  git('update-ref', 'refs/remotes/origin/release', 'release');
  const { stdout } = noencap(folder, ['diff'], { GITHUB_BASE_REF: 'release' });
  expect(stdout).toContain('from the merge base with origin/release');
  expect(stdout).toContain('NAT of outgoing packets on -> off');
});

test('a folder can be a base, with the same result as the commit', () => {
  repository();
  const base = scratch();
  cpSync(folder, base, { recursive: true });
  rmSync(join(base, '.git'), { recursive: true });
  edit(...HOLD);
  expect({ ...review('--base', base), base: '' }).toEqual({ ...review('--base', 'main'), base: '' });
  rmSync(base, { recursive: true });
});

test("a topology and an output folder below the repository's root are also found in the base", () => {
  repository();
  mkdirSync(join(folder, 'net'));
  git('mv', 'topology.yaml', 'net/topology.yaml');
  git('mv', 'dist', 'net/dist');
  git('commit', '-qm', 'move');
  edit(...HOLD, 'net/topology.yaml');
  const told = review('-t', 'net/topology.yaml', '-o', 'net/dist');
  expect(told.fabric.flatMap(({ details }) => details)).toEqual(['hold time 15 s -> 20 s']);
  const { stdout } = noencap(join(folder, 'net'), ['diff', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ fabric: told.fabric, sessions: told.sessions });
});

test('a topology in TypeScript is run as it was in the base, with what it imports', () => {
  writeFileSync(join(folder, 'hold.ts'), 'export const holdTime = 15;\n');
  const yaml = JSON.stringify(TOPOLOGY);
  const { yaml: from } = { yaml: join(process.cwd(), 'node_modules/yaml/dist/index.js') };
  repository(
    `import { parse } from ${JSON.stringify(from)};\nimport { holdTime } from './hold.ts';\nconst base = parse(${yaml});\nexport default { ...base, bgp: { ...base.bgp, holdTime } };\n`,
    'topology.ts',
  );
  edit('15', '20', 'hold.ts');
  expect(review('-t', 'topology.ts').fabric.flatMap(({ details }) => details)).toEqual([
    'hold time 15 s -> 20 s',
  ]);
});

test('a base without a topology has nothing, one without rendered files has what it renders', () => {
  repository();
  const commit = git('rev-parse', 'HEAD');
  git('rm', '-rq', '--cached', 'dist');
  git('commit', '-qm', 'no dist');
  edit(...HOLD);
  const bare = review('--base', 'HEAD');
  expect(bare.notes.join()).toContain('has no rendered files');
  expect({ ...bare, base: '', notes: [] }).toEqual({ ...review('--base', commit), base: '', notes: [] });
  git('rm', '-q', '--cached', 'topology.yaml');
  git('commit', '-qm', 'nothing', '--allow-empty');
  const first = review('--base', 'HEAD');
  expect(first.notes).toContain('HEAD has no topology: everything is new.');
  expect(first.fabric.filter(({ change }) => change !== 'added')).toEqual([]);
  expect(first.objects.filter(({ change }) => change !== 'added')).toEqual([]);
});

test('what lies in the output folder beside rendered files is compared too: an engine would apply it', () => {
  repository();
  const stray = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'smuggled', namespace: 'default' } };
  writeFileSync(join(folder, 'dist/cluster/more.yaml'), JSON.stringify(stray));
  expect(review().objects.map(({ id, change }) => `${change} ${id.kind} ${id.name}`)).toEqual([
    'added ConfigMap smuggled',
  ]);
});

test('what the next delivery trusts is a danger where nothing that is rendered is otherwise', () => {
  const keys = (name: string, key: string): void =>
    writeFileSync(join(folder, 'known_hosts'), `${name} ${key}\n`);
  keys('gateway', KEYS.one);
  writeFileSync(join(folder, 'secrets.age'), 'one');
  repository();
  expect(review()).toMatchObject({ outcome: 'nothing', dangers: [], fabric: [] });

  keys('gateway', KEYS.two);
  const told = review();
  expect(told).toMatchObject({ ok: false, outcome: 'dangerous', objects: [], files: [] });
  expect(told.fabric).toEqual([{ kind: 'file', name: 'known_hosts', change: 'changed', details: [] }]);
  const { code, stdout } = noencap(folder, ['diff']);
  expect(code).toBe(1);
  expect(stdout).toContain(
    '\n  Dangerous. 1 danger; 1 warning; 1 trusted file changed; no session is reset.\n',
  );
  expect(noencap(folder, ['diff', '--accept']).code).toBe(0);

  keys('gateway', KEYS.one);
  writeFileSync(join(folder, 'secrets.age'), 'two');
  expect(review().dangers).toEqual([
    expect.objectContaining({
      severity: 'warning',
      message: expect.stringMatching(/^secrets\.age changes/),
    }),
  ]);
  expect(review().outcome).not.toBe('nothing');

  writeFileSync(join(folder, 'secrets.age'), 'one');
  edit('gateway:      {', 'gateway:      {ssh: {host: 192.0.2.1}, ');
  expect(review()).toMatchObject({ ok: false, outcome: 'dangerous', objects: [], files: [] });
  expect(review().dangers.map(({ message }) => message)).toEqual([
    'gateway is now delivered to noencap@192.0.2.1 instead of noencap@gateway, and known_hosts has no key for it there',
    expect.stringMatching(/^known_hosts no longer trusts ssh-ed25519 \S+ for gateway: /),
  ]);
});

test.each<[string, () => void, string[], RegExp]>([
  [
    'no repository',
    () => writeFileSync(join(folder, 'topology.yaml'), TOPOLOGY),
    [],
    /^this is not a git repository\.\nName what to compare with: --base FOLDER\.\n$/,
  ],
  [
    'no such revision',
    () => repository(),
    ['--base', 'nowhere'],
    /^"nowhere" is neither a git revision nor a folder\.\n/,
  ],
  [
    'an option in the place of a revision',
    () => repository(),
    ['--base=--output=x'],
    /^"--output=x" is neither/,
  ],
  [
    'no main branch',
    () => {
      repository();
      git('branch', '-m', 'other');
    },
    [],
    /^no main branch was found\.\nName what to compare with: --base REVISION\.\n$/,
  ],
  [
    'a shallow clone that ends before the branches meet',
    () => {
      repository();
      git('checkout', '-q', '--orphan', 'other');
      git('commit', '-qm', 'other');
    },
    [],
    /^HEAD and main have no common commit here\.\nFetch the whole history/,
  ],
])('%s is refused with the mend, and nothing is printed', (_, prepare, args, message) => {
  prepare();
  const run = noencap(folder, ['diff', ...args]);
  expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 2, stdout: '' });
  expect(run.stderr).toMatch(message);
  const json = noencap(folder, ['diff', '--json', ...args]);
  expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, command: 'diff', ok: false });
  expect(json.stderr).toBe('');
});

test('a base whose topology has faults can be mended: only files are compared, and that is said', () => {
  repository();
  edit('router: gateway', 'router: gatway');
  git('commit', '-qam', 'fault');
  edit('router: gatway', 'router: gateway');
  edit(...HOLD);
  const told = review('--base', 'HEAD');
  expect(told.notes[0]).toMatch(
    /^The topology of HEAD has faults, .*: topology\.yaml:\d+:\d+ {2}regions\.WDS\.router: no router is named "gatway"\.$/,
  );
  expect(told.sessions.changed.map(({ change }) => change)).toEqual(Array(6).fill('reset'));
  expect(told.files.map(({ path }) => path)).toContain('routers/gateway/k3s/ibgp.conf');
  expect(noencap(folder, ['lab', 'rehearse', '--base', 'HEAD'])).toMatchObject({ code: 2, stdout: '' });
});

function moveThePool(): void {
  const text = readFileSync(join(folder, 'topology.yaml'), 'utf8');
  writeFileSync(join(folder, 'topology.yaml'), text.replaceAll('10.42.', '10.41.'));
}

test('in a workflow the review is on the page of the run, and dangers are annotations', () => {
  repository();
  git('checkout', '-qb', 'change');
  moveThePool();
  const event = join(folder, '.git/event.json');
  const head = { sha: 'a'.repeat(40) };
  writeFileSync(event, JSON.stringify({ pull_request: { number: 7, head } }));
  const summary = join(folder, '.git/summary.md');
  writeFileSync(summary, 'of an earlier step\n');
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: event,
    GITHUB_STEP_SUMMARY: summary,
    GITHUB_REPOSITORY: 'example/home',
    GITHUB_RUN_ID: '42',
  };
  const run = noencap(folder, ['diff', '--json'], env);
  expect(JSON.parse(run.stdout)).toMatchObject({ head: { name: 'pull request 7', commit: head.sha } });
  expect(run.stderr).toMatch(/^::error file=topology\.yaml,title=danger::pool 10\.42\.0\.0\/16 changes/m);
  expect(readFileSync(summary, 'utf8')).toMatch(/^of an earlier step\n\*\*Dangerous\.\*\* /);
});

test('a danger is exit 1 unless it is accepted', () => {
  repository();
  moveThePool();
  const run = noencap(folder, ['diff']);
  expect(run.code).toBe(1);
  expect(run.stdout).toContain('danger  pool 10.42.0.0/16 changes into 10.41.0.0/16');
  const accepted = noencap(folder, ['diff', '--accept']);
  expect(accepted.code).toBe(0);
  expect(accepted.stdout).toContain('accepted  pool 10.42.0.0/16');
});

test('files of the base that would speak to a terminal do not', () => {
  repository();
  const file = 'dist/routers/gateway/k3s/ibgp.conf';
  const text = readFileSync(join(folder, file), 'utf8');
  writeFileSync(join(folder, file), `${text}# \u001b]0;pwned\u0007 \u202e\n`);
  git('commit', '-qam', 'odd');
  expect(noencap(folder, ['diff', '--base', 'HEAD']).stdout).toContain('# <U+001B>]0;pwned<U+0007> <U+202E>');
});

test('the same change is told in the same bytes', () => {
  repository();
  edit(...HOLD);
  for (const args of [['diff'], ['diff', '--json']]) {
    expect(noencap(folder, args).stdout).toBe(noencap(folder, args).stdout);
  }
});
