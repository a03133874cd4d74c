import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { documentSchema, documentsJsonSchema } from '../../../cli/documents/index.ts';
import { commands, refusalCodes } from '../../../cli/documents/refusal.ts';
import { routerFault } from '../../../delivery/fault.ts';
import { dangerCodes } from '../../../review/document.ts';
import { VERDICT_KINDS } from '../../../verify/verdict.ts';
import { documentIn, gitIn, noencap, scratch } from '../run.ts';

let folder: string;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => rmSync(folder, { recursive: true }));

const schema = readFileSync('docs/json.schema.json', 'utf8');

/** Commands that print a document of their own, by what is typed; `lab exec` leaves stdout to the program that it runs. */
const printing = documentSchema.options
  .flatMap(({ shape: { command } }) => ('value' in command ? [command.value] : []))
  .sort();

test('docs/json.schema.json is what the documents are (npm run schema), and a validator can use it', () => {
  expect(schema).toBe(documentsJsonSchema());
  const ajv = new Ajv({ strict: false, formats: { 'date-time': true } });
  ajv.addSchema(JSON.parse(readFileSync('docs/review.schema.json', 'utf8')), 'review.schema.json');
  const validate = ajv.compile(JSON.parse(schema));
  const document = { version: 1, command: 'init', ok: true, file: 'topology.yaml' };
  expect(validate(document)).toBe(true);
  expect(validate(JSON.parse(readFileSync('test/workflows/review.json', 'utf8')))).toBe(true);
  expect(validate({ ...document, more: 1 })).toBe(false);
  expect(validate({ ...document, version: 2 })).toBe(false);
  expect(validate({ ...document, command: 'lab' })).toBe(false);
  expect(validate({ version: 1, command: 'init', ok: true })).toBe(false);
});

test('the helper of all tests refuses a key that is unknown, missing or of another type', () => {
  const document = { version: 1, command: 'init', ok: true, file: 'topology.yaml' };
  const held = (changes: object) => () => documentIn(JSON.stringify({ ...document, ...changes }));
  expect(held({})).not.toThrow();
  expect(held({ more: 1 })).toThrow('this is no document of init');
  expect(held({ file: undefined })).toThrow('this is no document of init');
  expect(held({ file: 1 })).toThrow('this is no document of init');
  expect(held({ ok: false, refused: 'x' })).toThrow('this is no document of init');
});

test('a command that runs loads none of the schemas: it takes their types only', () => {
  const files = readdirSync('cli').filter((name) => name.endsWith('.ts'));
  const loading = files.filter((name) =>
    /^(?!import type )import\b[^;]*'\.\/documents\//m.test(readFileSync(join('cli', name), 'utf8')),
  );
  expect(loading).toEqual([]);
});

const NETWORK = 'test/adopt/networks/one-region';

/** What each prints where its work is done, or was tried. Programs that it starts are stand-ins in the folder. */
const SUCCESS: Record<string, { args: readonly string[]; given?: () => void }> = {
  adopt: {
    args: [
      ...['adopt', '--cluster', resolve(NETWORK, 'cluster.yaml'), '--known', resolve(NETWORK, 'known.yaml')],
      ...['--router', `gw=${resolve(NETWORK, 'routers/gw')}`],
    ],
  },
  bootstrap: { args: ['bootstrap'], given: rendered },
  'bootstrap --run': {
    args: ['bootstrap', '--run'],
    given: () => {
      rendered();
      program('kubectl', 'exit 1');
    },
  },
  check: { args: ['check', '--failures', '1'] },
  diff: { args: ['diff', '--base', 'HEAD'], given: committed },
  drain: { args: ['drain', 'gateway', '--no-rehearsal'], given: () => shipped('exit 255') },
  'drain --check': { args: ['drain', 'gateway', '--check'], given: () => shipped('exit 255') },
  drift: { args: ['drift', '--router', 'gateway'], given: () => shipped('exit 255') },
  explain: { args: ['explain', 'kube-1', 'kube-2'] },
  init: { args: ['init', '-t', 'another.yaml'] },
  // A context that no kubeconfig has.
  mtu: { args: ['mtu', '--context', 'nobody-has-it'] },
  path: { args: ['path', 'kube-1', 'kube-2', '--fail', 'lan'] },
  ship: { args: ['ship'], given: () => shipped('exit 255') },
  'ship --check': { args: ['ship', '--check'], given: () => shipped('exit 255') },
  'ship --plan': { args: ['ship', '--plan', '--base', 'none'], given: rendered },
  'ship --setup': {
    args: ['ship', '--setup', 'gateway', '--key', 'key.pub'],
    given: () => {
      writeFileSync(join(folder, 'key.pub'), `${KEY} me\n`);
      writeFileSync(join(folder, 'known_hosts'), `gateway ${KEY}\n`);
    },
  },
  status: { args: ['status', '--within', '60'], given: () => shipped('exit 255') },
  synth: { args: ['synth'] },
  'synth --check': { args: ['synth', '--check'] },
  undrain: { args: ['undrain', 'gateway'], given: () => shipped('exit 255') },
  upgrade: { args: ['upgrade'], given: dependent },
  'upgrade --check': { args: ['upgrade', '--check'], given: dependent },
  verify: { args: ['verify'], given: () => shipped('exit 255') },
};

/** Those that need more than a folder, and the tests that have it. */
const ELSEWHERE: Record<string, string> = {
  comment: 'test/cli/comment.test.ts',
  'drift --adopt': 'test/cli/drift-adopt.test.ts',
  issue: 'test/cli/issue.test.ts',
  lab: 'test/cli/documents/lab.test.ts',
  'lab birdc': 'test/cli/documents/lab.test.ts',
  'lab down': 'test/cli/documents/lab.test.ts',
  'lab rehearse': 'test/cli/documents/lab.test.ts',
  'lab rehearse --reboot': 'test/cli/documents/lab.test.ts',
  'lab routes': 'test/cli/documents/lab.test.ts',
  'lab up': 'test/cli/documents/lab.test.ts',
};

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnsYjdkp0X7n9BXaP1EJ0iNd0J7FHGpQh1qXnVb1z0c';

function rendered(): void {
  expect(noencap(folder, ['synth']).code).toBe(0);
}

function dependent(): void {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { noencap: version } }));
}

function committed(): void {
  rendered();
  gitIn(folder, 'init', '-q', '-b', 'main');
  gitIn(folder, 'add', '-A');
  gitIn(folder, 'commit', '-qm', 'base');
}

function shipped(ssh: string): void {
  committed();
  writeFileSync(join(folder, 'known_hosts'), `gateway ${KEY}\n`);
  program('ssh', ssh);
}

const program = (name: string, script: string): void =>
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

const run = (args: readonly string[]) =>
  noencap(folder, [...args, '--json'], { PATH: `${folder}:${process.env.PATH}` });

test.each(Object.entries(SUCCESS))('%s prints its document', (command, { args, given }) => {
  expect(noencap(folder, ['init']).code).toBe(0);
  given?.();
  const { stdout, stderr } = run(args);
  expect({ ...documentIn(stdout), stderr }).toMatchObject({ command, stderr: '' });
});

test('each command that prints a document of its own is tried', () => {
  expect([...Object.keys(SUCCESS), ...Object.keys(ELSEWHERE)].sort()).toEqual(printing);
  for (const [command, file] of Object.entries(ELSEWHERE))
    expect({ command, isThere: readFileSync(file, 'utf8').includes(`command: '${command}'`) }).toEqual({
      command,
      isThere: true,
    });
});

/** What is wrong with the input of each, and the code that says so. */
const REFUSED: Record<string, readonly [args: readonly string[], code: string]> = {
  noencap: [['synht'], 'usage'],
  adopt: [['adopt', '--cluster', 'none.yaml'], 'file'],
  bootstrap: [['bootstrap'], 'file-missing'],
  'bootstrap --run': [['bootstrap', '--run'], 'file-missing'],
  check: [['check'], 'file-missing'],
  comment: [['comment'], 'review'],
  diff: [['diff'], 'file-missing'],
  drain: [['drain', 'gateway'], 'file-missing'],
  'drain --check': [['drain', 'gateway', '--check'], 'file-missing'],
  drift: [['drift'], 'file-missing'],
  'drift --adopt': [['drift', '--adopt'], 'file-missing'],
  explain: [['explain', 'a', 'b'], 'file-missing'],
  init: [['init', '-t', 'topology.txt'], 'usage'],
  issue: [['issue'], 'drift'],
  lab: [['lab'], 'file-missing'],
  'lab birdc': [['lab', 'birdc', 'gateway', 'show', 'status'], 'file-missing'],
  'lab down': [['lab', 'down'], 'file-missing'],
  'lab exec': [['lab', 'exec', '--json', 'gateway', 'true'], 'file-missing'],
  'lab rehearse': [['lab', 'rehearse'], 'file-missing'],
  'lab rehearse --reboot': [['lab', 'rehearse', '--reboot', 'kube-1'], 'file-missing'],
  'lab routes': [['lab', 'routes', 'gateway'], 'file-missing'],
  'lab up': [['lab', 'up'], 'file-missing'],
  mtu: [['mtu'], 'file-missing'],
  path: [['path', 'a', 'b'], 'file-missing'],
  ship: [['ship'], 'file-missing'],
  'ship --check': [['ship', '--check'], 'file-missing'],
  'ship --plan': [['ship', '--plan'], 'file-missing'],
  'ship --setup': [['ship', '--setup', 'gateway'], 'file-missing'],
  status: [['status'], 'file-missing'],
  synth: [['synth'], 'file-missing'],
  'synth --check': [['synth', '--check'], 'file-missing'],
  undrain: [['undrain', 'gateway'], 'file-missing'],
  upgrade: [['upgrade'], 'file'],
  'upgrade --check': [['upgrade', '--check'], 'file'],
  verify: [['verify'], 'file-missing'],
};

test('each command that takes --json is refused below', () => {
  expect(Object.keys(REFUSED).sort()).toEqual([...commands.options].sort());
});

test.each(Object.entries(REFUSED))(
  '%s, refused, says why in the same form as all',
  (command, [args, code]) => {
    const ran = run(args);
    expect(ran.code).toBe(2);
    const document = documentIn(ran.stdout);
    expect(Object.keys(document).filter((key) => key !== 'notes')).toEqual([
      'version',
      'command',
      'ok',
      'faults',
    ]);
    expect(document).toMatchObject({ version: 1, command, ok: false, faults: [{ code }] });
    if (code === 'file-missing') expect(document.faults[0].place).toEqual({ file: 'topology.yaml' });
  },
);

const PAGE = readFileSync('docs/json.md', 'utf8');

/** The first cells of a table, without their backquotes. */
const firstCells = (heading: string): string[] =>
  (PAGE.split(`| ${heading} |`)[1]?.split('\n\n')[0] ?? '')
    .split('\n')
    .flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? [])
    .sort();

test('docs/json.md has each command, each code, each fault of a router, each danger and each kind of verdict', () => {
  expect(firstCells('command')).toEqual(printing);
  expect(firstCells('code')).toEqual([...refusalCodes.options].sort());
  expect(firstCells('fault')).toEqual([...routerFault.shape.code.options].sort());
  expect(firstCells('danger')).toEqual([...dangerCodes.options].sort());
  expect(firstCells('verdict')).toEqual([...VERDICT_KINDS].sort());
});
