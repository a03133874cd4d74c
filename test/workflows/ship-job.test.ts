import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { settingsOf } from '../../delivery/router.ts';
import { forcedCommand } from '../../delivery/script/script.ts';
import { scratch } from '../cli/run.ts';
import { type Bird, session, startBird, until } from '../delivery/bird.ts';
import { endSshd, type Sshd, startSshd } from '../delivery/ssh/sshd.ts';
import { advance, push, type Repository, repositoryWith } from './repository.ts';
import { type JobDone, jobFolders, type Run, runJob } from './runner.ts';
import { readWorkflow } from './workflow.ts';

/** The job that delivers a wave: a real sshd with noencap's restricted account, a real BIRD behind it, and the key in a real agent. */
const workflow = readWorkflow('.github/workflows/routers.yml');

const KEY = 'Give the key to an agent';
const DELIVER = 'Deliver';

let bird: Bird;
let sshd: Sshd;
let repository: Repository;
let key: string;
let hold: string;

beforeAll(async () => {
  bird = startBird((folder) => ({
    'bird.conf': `log "${folder}/log" all;
router id 192.168.1.1;
define K3S_AS = 64512;
define INTRA_ROUTER_ID = 192.168.1.1;
ipv4 table intra_table_v4;
ipv6 table intra_table_v6;
protocol device { scan time 10; }
include "k3s/ibgp.conf";
`,
    'k3s/ibgp.conf': session('by_hand'),
  }));
  const wrapper = join(bird.folder, 'noencap-router');
  hold = join(bird.folder, 'hold');
  // While that file exists, no gate gets an answer.
  const [shebang, ...program] = forcedCommand(settingsOf(bird.settings)).split('\n');
  const held = `case \${SSH_ORIGINAL_COMMAND:-} in *protocols*) while [ -e '${hold}' ]; do sleep 0.05; done ;; esac`;
  writeFileSync(wrapper, [shebang, held, ...program].join('\n'), { mode: 0o755 });
  sshd = await startSshd(`restrict,command="${wrapper}"`);
  key = readFileSync(sshd.key, 'utf8');
  const { host, port, user, knownHosts } = sshd.target;
  const place = `ssh: {host: ${host}, port: ${port}, user: ${user}}, bird: {configDir: ${bird.settings.configDir}}`;
  repository = repositoryWith((folder) => {
    rmSync(join(folder, 'topology.yaml'));
    noencap(folder, 'init');
    edit(folder, 'nodeAddress: 192.168.1.1}', `nodeAddress: 192.168.1.1, ${place}}`);
    writeFileSync(join(folder, 'known_hosts'), readFileSync(knownHosts));
    noencap(folder, 'synth');
  });
  advance(repository);
});
afterAll(async () => {
  await endSshd(sshd);
  bird.end();
  rmSync(repository.folder, { recursive: true });
});

const noencap = (cwd: string, command: string) => execFileSync('bin/noencap', [command, '--quiet'], { cwd });

function edit(folder: string, before: string, after: string): void {
  const file = join(folder, 'topology.yaml');
  const text = readFileSync(file, 'utf8');
  if (!text.includes(before)) throw new Error(`topology.yaml has no ${before}`);
  writeFileSync(file, text.replace(before, after));
}

interface Delivered extends JobDone {
  /** The events of the journal that was kept; undefined if there is none. */
  readonly journal: readonly { readonly event: string; readonly [key: string]: unknown }[] | undefined;
}

async function deliver(given: Partial<Run> = {}): Promise<Delivered> {
  const artifacts = scratch();
  const done = await runJob(workflow, 'ship', {
    repository,
    event_name: 'push',
    event: {},
    sha: repository.head,
    artifacts,
    secrets: { SSH_PRIVATE_KEY: key },
    needs: { plan: { outputs: { base: 'none' } } },
    matrix: { wave: 1, routers: 'gateway' },
    ...given,
  });
  const file = join(artifacts, 'journal-wave-1-1/journal.jsonl');
  const journal = existsSync(file)
    ? readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : undefined;
  rmSync(artifacts, { recursive: true });
  return { ...done, journal };
}

const step = ({ steps }: JobDone, name: string) => steps.find((one) => one.name === name);
const outcomes = ({ steps }: JobDone): Record<string, string> =>
  Object.fromEntries(steps.map(({ name, outcome }) => [name.replace(/@.*/, ''), outcome]));

/** The agents of these jobs; another run of this suite on this machine has some of its own. */
const agents = (): string =>
  spawnSync('pgrep', ['-a', 'ssh-agent'], { encoding: 'utf8' })
    .stdout.split('\n')
    .find((line) => jobFolders.some((folder) => line.includes(folder))) ?? '';

afterEach(() => expect(agents()).toBe(''));

describe('a key', () => {
  test('that is not there is asked for', async () => {
    const done = await deliver({ secrets: {} });
    expect(outcomes(done)).toMatchObject({
      [KEY]: 'failure',
      [DELIVER]: 'skipped',
      'Forget the key': 'skipped',
    });
    expect(step(done, KEY)?.stdout).toMatch(/^::error title=No key::.* no secret SSH_PRIVATE_KEY/);
    expect(done).toMatchObject({ result: 'failure', journal: undefined });
  });

  test('that has a passphrase is refused, and nothing of it is shown', async () => {
    const folder = scratch();
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'open sesame', '-f', join(folder, 'key')]);
    const locked = readFileSync(join(folder, 'key'), 'utf8');
    rmSync(folder, { recursive: true });
    const done = await deliver({ secrets: { SSH_PRIVATE_KEY: locked } });
    expect(outcomes(done)).toMatchObject({
      [KEY]: 'failure',
      [DELIVER]: 'skipped',
      'Forget the key': 'success',
    });
    expect(step(done, KEY)?.stdout).toMatch(/^::error title=No key::.* has a passphrase/m);
    expect(JSON.stringify(done)).not.toContain(locked.split('\n')[1]);
  });
});

describe('what main no longer says is not delivered', () => {
  const GUARD = 'Is this still what main says?';
  const refused = (done: JobDone) => {
    expect(outcomes(done)).toMatchObject({ [GUARD]: 'failure', [KEY]: 'skipped', [DELIVER]: 'skipped' });
    expect(step(done, GUARD)?.stdout).toMatch(
      /^::error title=Not delivered::main has moved to another commit/,
    );
  };
  /** Makes main look like that for one test. */
  async function withMain<T>(change: (folder: string) => void, run: () => Promise<T>): Promise<T> {
    push(repository, change);
    try {
      return await run();
    } finally {
      advance(repository);
    }
  }
  const append = (file: string, text: string) => (folder: string) => appendFileSync(join(folder, file), text);

  test('an older commit', async () => refused(await deliver({ sha: repository.base })));

  test.each([
    ['a host key is revoked', append('known_hosts', '@revoked * ssh-ed25519 AAAA\n')],
    ['a router is somewhere else', append('topology.yaml', '# moved\n')],
    ['the program is fixed', append('cli/ship.ts', '// fixed\n')],
    ['a package is replaced', append('package-lock.json', '\n')],
    ['the workflow is fixed', append('.github/workflows/routers.yml', '# fixed\n')],
    ['one of its scripts is fixed', append('scripts/last-delivery.cjs', '// fixed\n')],
    ['a password is another one', (folder: string) => writeFileSync(join(folder, 'secrets.age'), 'a')],
  ])('after %s', (_, change) =>
    withMain(change, async () => refused(await deliver({ sha: repository.head }))),
  );

  test('whatever tag or branch has its name', () =>
    withMain(append('known_hosts', '# newer\n'), async () => {
      const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: repository.folder });
      git('tag', 'origin/main', repository.head);
      git('branch', 'origin/main', repository.head);
      try {
        refused(await deliver({ sha: repository.head }));
      } finally {
        git('tag', '-d', 'origin/main');
        git('branch', '-D', 'origin/main');
      }
    }));
});

test('a repeated manual job gives way to a delivery that began since', async () => {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ workflow_runs: [{ run_number: 13, event: 'push', status: 'waiting' }] }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const done = await deliver({ event_name: 'workflow_dispatch', api });
  server.close();
  expect(outcomes(done)).toMatchObject({ 'Is still no delivery at work?': 'failure', [KEY]: 'skipped' });
  expect(step(done, 'Is still no delivery at work?')?.stderr).toMatch(/::Run 13 of main is waiting\./);
});

test('what was edited on a router is refused, and reported in journal and summary', async () => {
  const done = await deliver();
  expect(outcomes(done)).toMatchObject({ [DELIVER]: 'failure', 'Forget the key': 'success' });
  expect(done.journal?.at(-1)).toMatchObject({ event: 'ended', routers: [{ outcome: 'refused' }] });
  expect(step(done, DELIVER)?.summary).toMatch(
    /^### Delivery stopped\n\n[\s\S]*\n\| `gateway` \| refused \| `nothing was shipped here yet.*` \|\n/,
  );
  expect(step(done, DELIVER)?.stderr).toMatch(/^::error .*title=gateway refused::/m);
  expect(bird.sessions()).toEqual(['by_hand']);
});

test('a key that was pasted delivers, and is in no file and no environment meanwhile', async () => {
  const pasted = key.trimEnd().replaceAll('\n', '\r\n');
  const secret = key.split('\n')[2] ?? '';
  let looked = false;
  const done = await deliver({
    secrets: { SSH_PRIVATE_KEY: pasted, NOENCAP_AGE_KEY: '' },
    inputs: { router: '', excuse: 'gateway--kube-1/ipv4 gateway--kube-*', 'accept-drift': true },
    during: (name, shell, workspace) => {
      if (name !== DELIVER) return;
      const files = readdirSync(dirname(workspace), { recursive: true, withFileTypes: true });
      const texts = files
        .filter((one) => one.isFile() && !one.parentPath.includes('node_modules'))
        .map((one) => readFileSync(join(one.parentPath, one.name), 'latin1'));
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
      const [agent] = agents().split(' ');
      for (const pid of [agent, shell.pid]) {
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
        expect(environment).toContain('GITHUB_ACTIONS');
        expect(environment).not.toContain(secret);
      }
      looked = true;
    },
  });
  expect(looked).toBe(true);
  expect(done).toMatchObject({ result: 'success' });
  expect(step(done, KEY)?.stdout).toMatch(/^256 SHA256:\S+ .*\(ED25519\)$/m);
  expect(step(done, DELIVER)?.summary).toMatch(
    /^### Delivery delivered\n\n[\s\S]*\n\| `gateway` \| shipped \| {2}\|\n/,
  );
  expect(done.journal?.at(-1)).toMatchObject({ event: 'ended', outcome: 'delivered' });
  expect(bird.sessions()).toEqual(['k3s_kube_1_v4', 'k3s_kube_2_v4']);
  expect(JSON.stringify(done)).not.toContain(secret);
});

test('a run that is run again finds it delivered', async () => {
  const done = await deliver();
  expect(done).toMatchObject({ result: 'success', journal: expect.any(Array) });
  expect(step(done, DELIVER)?.summary).toBe('### Delivery delivered\n\n1 router is unchanged.\n');
});

test('a cancelled run undoes what is not confirmed', async () => {
  const sha = push(repository, (folder) => {
    edit(folder, 'role: agent, address: 192.168.1.12', 'role: agent, address: 192.168.1.13');
    edit(folder, 'kube-2: 192.168.1.12', 'kube-2: 192.168.1.13');
    noencap(folder, 'synth');
  });
  writeFileSync(hold, '');
  const done = await deliver({
    sha,
    needs: { plan: { outputs: { base: repository.head } } },
    during: (name, shell, workspace) => {
      if (name !== DELIVER) return;
      const journal = join(workspace, 'journal.jsonl');
      const applied = () =>
        existsSync(journal) && /"gate","outcome":"started"/.test(readFileSync(journal, 'utf8'));
      until(applied);
      shell.kill('SIGINT');
    },
  });
  rmSync(hold);
  expect(outcomes(done)).toMatchObject({ [DELIVER]: 'failure', 'Forget the key': 'success' });
  expect(done.journal?.at(-1)).toMatchObject({ routers: [{ router: 'gateway', outcome: 'undone' }] });
  expect(bird.birdc('show protocols all k3s_kube_2_v4')).toContain('192.168.1.12');
  expect(bird.birdc('configure status')).not.toContain('0022');
});
