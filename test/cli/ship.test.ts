import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportText } from '../fixture/report.ts';
import { KEYS } from '../review/host-key-lines.ts';
import { gitIn, noencap, scratch } from './run.ts';

let folder: string;
beforeEach(() => {
  folder = scratch();
  writeFileSync(join(folder, 'topology.yaml'), reportText());
  expect(noencap(folder, ['synth']).code).toBe(0);
  git('init', '-q', '-b', 'main');
  commit('base');
});
afterEach(() => rmSync(folder, { recursive: true }));

const git = (...args: readonly string[]): string => gitIn(folder, ...args);

function commit(message: string): void {
  git('add', '-A');
  git('commit', '-qm', message);
}

function edit(from: string, to: string): void {
  const file = join(folder, 'topology.yaml');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

/** Changes a node's address, renders and commits: only its router's file changes. */
function readdress(): void {
  edit('address: 10.2.5.7', 'address: 10.2.5.8');
  expect(noencap(folder, ['synth']).code).toBe(0);
  commit('readdress');
}

const ship = (...args: readonly string[]) => noencap(folder, ['ship', ...args]);

describe('the plan', () => {
  test('names the routers that the last commit changes, in their order, and what becomes of their sessions', () => {
    readdress();
    const { code, stdout } = ship('--plan');
    expect(code).toBe(0);
    expect(stdout).toBe(`home: 1 router in 1 wave, at most 4 at a time

wave 1
  global-ns: the only one
    k3s/ibgpeers/kubenode-hkg04.conf +2 -2
    reset global-ns--kubenode-hkg04/ipv4 (global-ns: neighbor 10.2.5.7 -> 10.2.5.8; kubenode-hkg04: router id 10.2.5.7 -> 10.2.5.8; kubenode-hkg04: source address 10.2.5.7 -> 10.2.5.8)

not delivered to
  cn-ns: nothing has changed since HEAD~1
  gateway: nothing has changed since HEAD~1

by hand
  1. before the merge, at kubenode-hkg04: drain it (its pods lose their network)
  2. after shipping, at kubenode-hkg04: give it 10.2.5.8, take 10.2.5.7 off (noencap configures no interface)
  3. after shipping, at kubenode-hkg04: run install.sh (its own files change: K3s restarts with them, pods keep running)
`);
  });

  const GATEWAY = '  gateway:      {routerId';
  test.each<[string, () => void, readonly string[]]>([
    [
      'another port',
      () => edit(GATEWAY, '  gateway:      {ssh: {port: 2222}, routerId'),
      ['delivered to noencap@[gateway]:2222 instead of noencap@gateway', 'no file changes'],
    ],
    [
      'another host and user',
      () => edit(GATEWAY, '  gateway:      {ssh: {host: 192.0.2.9, user: ops}, routerId'),
      ['delivered to ops@192.0.2.9 instead of noencap@gateway', 'no file changes'],
    ],
    [
      'another folder',
      () => edit(GATEWAY, '  gateway:      {bird: {configDir: /srv/bird}, routerId'),
      ['delivered into /srv/bird instead of /etc/bird', 'no file changes'],
    ],
    [
      'another host key',
      () => writeFileSync(join(folder, 'known_hosts'), `gateway ${KEYS.one}\n`),
      ['delivered to other host keys in known_hosts', 'no file changes'],
    ],
  ])('has a router of which only the way to it changes: %s', (_, change, lines) => {
    change();
    expect(noencap(folder, ['synth']).code).toBe(0);
    commit('elsewhere');
    expect(ship('--plan').stdout).toContain(
      ['wave 1', '  gateway: the only one', ...lines.map((one) => `    ${one}`), ''].join('\n'),
    );
  });

  test('says which machine will refuse', () => {
    for (const from of ['cn-ns:        {routerId: 100.64.0.1,', 'cn-ns: 100.64.0.1', 'cn-ns: 100.64.2.1']) {
      const to = from.startsWith('cn-ns:  ')
        ? 'core: {ssh: {host: cn-ns}, routerId: 100.64.0.77,'
        : from.replace('cn-ns', 'core');
      edit(from, to);
    }
    expect(noencap(folder, ['synth']).code).toBe(0);
    commit('two at once');
    const { stdout } = ship('--plan');
    expect(stdout).toContain(
      'noencap@cn-ns will refuse the delivery to core: it is marked as the router home/cn-ns/100.64.0.1, home/core/100.64.0.77 is meant',
    );
    // Under its new name the machine still has the same files.
    expect(stdout).toContain(
      '    delivered as home/core/100.64.0.77 instead of home/cn-ns/100.64.0.1\n    no file changes\n',
    );
    const { waves } = JSON.parse(ship('--plan', '--json').stdout);
    const planned = waves.flatMap(
      (wave: { routers: { router: string; refused: object | null }[] }) => wave.routers,
    );
    expect(
      planned
        .map((one: { router: string; refused: object | null }) => [one.router, one.refused === null])
        .sort(),
    ).toEqual([
      ['core', false],
      ['gateway', true],
      ['global-ns', true],
    ]);
    expect(noencap(folder, ['diff', '--base', 'HEAD~1']).stdout).toContain(
      'will refuse the delivery to core',
    );
  });

  test('of all routers stands where nobody knows what they have', () => {
    const { code, stdout } = ship('--plan', '--json');
    expect(code).toBe(0);
    const { ok, waves } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(
      waves
        .flatMap((wave: { routers: { router: string }[] }) => wave.routers.map((one) => one.router))
        .sort(),
    ).toEqual(['cn-ns', 'gateway', 'global-ns']);
  });

  test('is empty where nothing changes', () => {
    expect(ship('--plan', '--base', 'HEAD').stdout).toContain('home: nothing to deliver\n');
  });

  test('takes the main branch for a branch', () => {
    git('checkout', '-qb', 'change');
    readdress();
    writeFileSync(join(folder, 'README'), '');
    commit('more');
    expect(ship('--plan').stdout).toContain('global-ns: the only one');
  });
});

describe('what is refused before any router is asked', () => {
  const refusal = (code: number, says: string, fix: string) => ({
    code,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^${says}\\.\\n${fix}`)),
  });

  test('a name that no router has', () => {
    expect(ship('gatway')).toEqual(refusal(2, 'No router is named "gatway"', 'Did you mean "gateway"\\?'));
  });

  test('one that is planned only', () => {
    expect(ship('domestic-agg')).toEqual(
      refusal(2, 'domestic-agg is planned', 'It has no configuration yet'),
    );
  });

  test('a dist that is not what the topology renders', () => {
    edit('asNumber: 64512', 'asNumber: 64513');
    const told = ship();
    expect(told).toEqual(refusal(1, 'dist is stale: 3 files of routers differ.*', 'Run bin/noencap synth'));
    expect(JSON.parse(ship('--json').stdout)).toMatchObject({ command: 'ship', ok: false });
  });

  test('routers whose host keys are not pinned, all at once', () => {
    const { code, stderr } = ship();
    expect(code).toBe(3);
    for (const name of ['gateway', 'cn-ns', 'global-ns']) {
      expect(stderr).toContain(`${name}: known_hosts has no host key for ${name}.`);
    }
  });

  test('a wave that the plan has not', () => {
    readdress();
    expect(ship('--wave', '2')).toEqual(refusal(2, 'There is no wave 2', 'The plan has 1 wave'));
  });

  test('a base that is none', () => {
    expect(ship('--plan', '--base', 'nosuch')).toEqual(
      refusal(2, '"nosuch" is neither a git revision nor a folder', 'Name another with --base'),
    );
  });

  test.each([
    [['--timeout', '5'], 'Must be a whole number from 20 to 3600'],
    [['--max-parallel', '0'], 'Must be a whole number from 1 to 100'],
    [['--wave', 'x'], 'Must be a whole number'],
    [['--plan', '--check'], 'cannot be used with'],
  ])('%j', (args, says) => {
    const { code, stderr } = ship(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
  });

  test('a password without a value', () => {
    edit(
      'nodeAddress: 192.168.100.1,',
      'nodeAddress: 192.168.100.1, password: {file: /etc/bird/k3s-password.conf, secret: {name: bgp-gateway}},',
    );
    expect(noencap(folder, ['synth']).code).toBe(0);
    writeFileSync(
      join(folder, 'known_hosts'),
      '* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJXHtR0LYlSbmOs0KJ0u9mmHk8pDUdYOWMIL8BUVeaPD\n',
    );
    const { code, stderr } = ship();
    expect(code).toBe(2);
    expect(stderr).toContain(
      'routers.gateway.password: the value of Secret bgp-gateway, key password, is not in',
    );
  });
});

describe('the script for the account on a router', () => {
  const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJXHtR0LYlSbmOs0KJ0u9mmHk8pDUdYOWMIL8BUVeaPD ci';

  test('has its key and its folder', () => {
    writeFileSync(join(folder, 'ship.pub'), `${KEY}\n`);
    const { code, stdout } = ship('--setup', 'gateway', '--key', 'ship.pub');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^#!\/bin\/sh\n/);
    expect(stdout).toContain(`restrict,command="/usr/local/sbin/noencap-router" ${KEY}`);
    expect(stdout).toContain("config='/etc/bird'");
  });

  test('wants a public key, and says nothing of another file', () => {
    expect(ship('--setup', 'gateway').code).toBe(2);
    // As for every named file that does not exist.
    const missing = ship('--setup', 'gateway', '--key', 'nosuch');
    expect(missing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('nosuch') });
    writeFileSync(join(folder, 'ship'), '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n');
    const { code, stdout, stderr } = ship('--setup', 'gateway', '--key', 'ship');
    expect(code).toBe(2);
    expect(stdout + stderr).not.toContain('c2VjcmV0');
  });
});
