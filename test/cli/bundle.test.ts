import { spawnSync } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { noencap, scratchProject, tree } from './run.ts';

let project: string;

beforeAll(() => {
  project = scratchProject();
});

afterAll(() => rmSync(project, { recursive: true }));

const edited = (file: string, from: string, to: string, whileEdited: () => void) => {
  const path = join(project, file);
  const before = readFileSync(path, 'utf8');
  expect(before).toContain(from);
  writeFileSync(path, before.replace(from, to));
  try {
    whileEdited();
  } finally {
    writeFileSync(path, before);
  }
};

const synth = (...args: string[]) => noencap(project, ['synth', ...args], {}, project);

test('an edit of main.ts takes effect at the next run, and so does its undoing', () => {
  expect(synth('--check')).toMatchObject({ code: 0, stderr: '' });
  edited('main.ts', 'new NodeLabels(app, fabric);', '', () => {
    expect(synth('--check').stdout).toContain('--- a/cluster/20-node-labels/node-labels.yaml');
  });
  expect(synth('--check')).toMatchObject({ code: 0, stderr: '' });
});

test('an edit of a chart takes effect at the next run', () => {
  edited('charts/bgp.ts', "logSeverityScreen: 'Info'", "logSeverityScreen: 'Debug'", () => {
    expect(synth('--check').stdout).toContain('+  logSeverityScreen: Debug');
  });
});

test('a source that does not compile is shown with its place, and the old dist stays', () => {
  const before = tree(join(project, 'dist'));
  edited('main.ts', 'new Bgp(app, fabric);', 'new Bgp(app, fabric;', () => {
    const run = synth();
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('main.ts:');
  });
  expect(tree(join(project, 'dist'))).toEqual(before);
});

const cdk8s = () =>
  spawnSync('node_modules/.bin/cdk8s', ['synth'], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' },
  });

test('a bug is shown with where it is, not with all of the bundle', () => {
  edited('charts/bgp.ts', "logSeverityScreen: 'Info'", "logSeverityScreen: fail('odd')", () => {
    edited(
      'charts/bgp.ts',
      'export class Bgp',
      'const fail = (why: string): string => {\n  throw new Error(why);\n};\n\nexport class Bgp',
      () => {
        const { code, stdout, stderr } = synth();
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toMatch(/^Error: odd\n {4}at fail /);
        expect(stderr).toContain('\nThis is a bug, of noencap or of a chart of your own.\n');
        expect(stderr.length).toBeLessThan(4000);
        const document = JSON.parse(synth('--json').stdout);
        expect(document).toMatchObject({ ok: false, faults: [{ code: 'bug', message: 'odd.' }] });
      },
    );
  });
});

test('cdk8s synth gives the same cluster files, and takes no router or node with it', () => {
  const before = tree(join(project, 'dist'));
  expect(cdk8s().status).toBe(0);
  expect(tree(join(project, 'dist'))).toEqual(before);
  expect(tree(join(project, '.cache/cdk8s/cluster'))).toEqual(tree(join(project, 'dist/cluster')));
});

test('a failed cdk8s synth says why, and leaves the old dist whole', () => {
  const before = tree(join(project, 'dist'));
  edited('topology.yaml', 'blockSize: 26', 'blockSize: big', () => {
    const run = cdk8s();
    expect(run.status).not.toBe(0);
    expect(run.stdout + run.stderr).toContain('pods.blockSize');
  });
  expect(tree(join(project, 'dist'))).toEqual(before);
});

test('a cache that is damaged, gone or not to be written costs time and nothing else', () => {
  const cache = join(project, '.cache/noencap');
  synth('--check');
  writeFileSync(join(cache, 'cli.cjs'), '');
  expect(synth('--check')).toMatchObject({ code: 0, stderr: '' });
  writeFileSync(join(cache, 'cli.stamp.json'), '{');
  expect(synth('--check')).toMatchObject({ code: 0, stderr: '' });
  rmSync(cache, { recursive: true });
  writeFileSync(cache, 'a file where the folder should be');
  expect(synth('--check')).toMatchObject({ code: 0, stderr: '' });
  rmSync(cache);
});

test('a checkout that was moved works where it is now', () => {
  const moved = `${project} moved`;
  synth('--check');
  renameSync(project, moved);
  try {
    expect(noencap(moved, ['synth', '--check'], {}, moved)).toMatchObject({ code: 0, stderr: '' });
  } finally {
    renameSync(moved, project);
  }
});

describe("a bundle that is not this machine's own", () => {
  const cache = () => join(project, '.cache/noencap');
  const EVIL = 'module.exports.main = async () => console.log("EVIL");';
  const isHonest = () => expect(synth('--check')).toEqual(HONEST);
  const HONEST = { code: 0, stdout: 'dist is up to date with topology.yaml.\n', stderr: '' };

  beforeEach(() => {
    rmSync(cache(), { recursive: true, force: true });
  });

  test.each([
    ['as a commit can bring it', { size: EVIL.length, inputs: {} }],
    ['with a guess at its mark', { size: EVIL.length, bundled: `${EVIL.length}:0:0:0`, inputs: {} }],
    ['without a mark', { inputs: {} }],
  ])('is not run: %s', (_how, stamp) => {
    mkdirSync(cache(), { recursive: true, mode: 0o700 });
    writeFileSync(join(cache(), 'cli.cjs'), EVIL);
    writeFileSync(join(cache(), 'cli.stamp.json'), JSON.stringify(stamp));
    isHonest();
  });

  test('is not run where it took the place of the real one, with its size and time', () => {
    isHonest();
    const file = join(cache(), 'cli.cjs');
    const { atime, mtime, size } = statSync(file);
    writeFileSync(file, EVIL.padEnd(size));
    utimesSync(file, atime, mtime);
    isHonest();
  });

  test('is not run where all of the folder comes from another clone', () => {
    isHonest();
    const { size } = statSync(join(cache(), 'cli.cjs'));
    cpSync(cache(), `${cache()}.copy`, { recursive: true, preserveTimestamps: true });
    rmSync(cache(), { recursive: true });
    renameSync(`${cache()}.copy`, cache());
    writeFileSync(join(cache(), 'cli.cjs'), EVIL.padEnd(size));
    isHonest();
  });

  test('nor is an old one where a source has changed and kept its size and time', () => {
    isHonest();
    const file = join(project, 'charts/bgp.ts');
    const { atime, mtime } = statSync(file);
    edited('charts/bgp.ts', "logSeverityScreen: 'Info'", "logSeverityScreen: 'Warn'", () => {
      utimesSync(file, atime, mtime);
      expect(synth('--check').stdout).toContain('+  logSeverityScreen: Warn');
    });
    utimesSync(file, atime, mtime);
    isHonest();
  });

  test("nor V8's code for one", () => {
    isHonest();
    const compiled = join(cache(), `cli.${process.version}.v8`);
    const before = readFileSync(compiled);
    rmSync(cache(), { recursive: true });
    mkdirSync(cache(), { mode: 0o700 });
    // Of a different program, which V8 itself cannot distinguish if the length is the same.
    writeFileSync(compiled, before);
    isHonest();
    expect(statSync(compiled).mode & 0o777).toBe(0o600);
  });

  test('holds what each command needs once it has run, and nothing for a word that is none', () => {
    const compiled = () => {
      const text = readFileSync(join(cache(), `cli.${process.version}.v8`));
      return { commands: text.toString('utf8', 0, text.indexOf('\n')), bytes: text.length };
    };
    noencap(project, ['--version'], {}, project);
    const bare = compiled();
    expect(bare.commands).toBe('[]');
    isHonest();
    const rendering = compiled();
    expect(rendering.commands).toBe('["synth"]');
    expect(rendering.bytes).toBeGreaterThan(bare.bytes);
    for (const word of ['sinth', 's3cr3t']) {
      expect(noencap(project, [word], {}, project).code).toBe(2);
      isHonest();
      expect(compiled()).toEqual(rendering);
    }
    expect(noencap(project, ['check'], {}, project).code).toBe(0);
    expect(compiled().commands).toBe('["synth","check"]');
    isHonest();
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;

  asRoot.each([
    ['belongs to another user', () => chownSync(cache(), 12345, 12345)],
    [
      'is a link',
      () => {
        renameSync(cache(), join(project, 'elsewhere'));
        symlinkSync('../elsewhere', cache());
      },
    ],
  ])('is neither run nor replaced in a folder that %s', (_what, change) => {
    isHonest();
    const file = join(cache(), 'cli.cjs');
    change();
    writeFileSync(file, EVIL);
    isHonest();
    expect(readFileSync(file, 'utf8')).toBe(EVIL);
    rmSync(cache(), { recursive: true });
    rmSync(join(project, 'elsewhere'), { recursive: true, force: true });
  });

  asRoot('is not made by root in the clone of a user, who could not replace it', () => {
    chownSync(project, 12345, 12345);
    isHonest();
    expect(existsSync(cache())).toBe(false);
    chownSync(project, 0, 0);
  });
});
