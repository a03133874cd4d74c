import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { reportText } from '../fixture/report.ts';
import { scenario } from '../lab/labs.ts';
import { noencap as run, scratch } from './run.ts';

const BIN = resolve('bin/noencap');
let folder: string;

/** All commands of a user find kept labs by name: none of ours may be one that somebody has up. */
const NAME = `home-${process.pid}`;

const named = (name: string): string => reportText().replace(/^name: .*$/m, `name: ${name}`);

beforeEach(() => {
  folder = scratch();
  writeFileSync(join(folder, 'topology.yaml'), named(NAME));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Other tests may run labs at the same time: ours share a variable that they inherit. */
const OURS = { NOENCAP_LAB_TEST: `${process.pid}` };

const noencap = (cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run(cwd, args, { ...OURS, ...env });

/** Processes of our labs: their command lines name files that exist in labs only. */
const processes = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(
          `NOENCAP_LAB_TEST=${process.pid}\0`,
        );
        return isOurs && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/run/lab/');
      } catch {
        return false;
      }
    });

const gone = async (before: readonly string[]): Promise<boolean> => {
  for (let tries = 0; tries < 1200; tries++) {
    if (processes().every((pid) => before.includes(pid))) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return false;
};

test('what cannot fail is no choice, and nothing is started', () => {
  const ran = noencap(folder, ['lab', '--fail', 'gatewy']);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain('Nothing that can fail is named "gatewy".\nKnown: cn-ns, gateway, ');
});

test.each([
  [['--reboot', 'kubemastr'], 'No node is named "kubemastr".\nKnown: kubemaster, '],
  [['--reboot', 'gateway'], 'No node is named "gateway".'],
  [['--reboot', 'kubemaster', '--fail', 'gatewy'], 'Nothing that can be down is named "gatewy".'],
  [
    ['--reboot', 'kubemaster', '--fail', 'domestic-agg'],
    'domestic-agg is planned: no node has a session with it.',
  ],
  [
    ['--reboot', 'kubemaster', '--fail', 'kubemaster'],
    'kubemaster cannot be down and reboot at the same time.',
  ],
  [['--fail', 'gateway'], "option '--fail <name>' needs '--reboot <node>'"],
  [['--reboot', 'kubemaster', '--base', 'main'], "cannot be used with option '--base <ref>'"],
])('lab rehearse %j is refused, and nothing is started', (args, message) => {
  const ran = noencap(folder, ['lab', 'rehearse', ...args]);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain(message);
});

test('without an underlay there is nothing to wire', () => {
  const file = join(folder, 'topology.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^underlay:[\s\S]*/m, ''));
  const ran = noencap(folder, ['lab', '--json']);
  expect(ran.code).toBe(2);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    command: 'lab',
    ok: false,
    faults: [{ code: 'topology', message: expect.stringContaining('underlay') }],
  });
});

test('a lab that is not up cannot be looked into', () => {
  for (const args of [
    ['down'],
    ['routes', 'gateway'],
    ['birdc', 'gateway', 'show', 'status'],
    ['exec', 'gateway', '--', 'true'],
  ]) {
    const ran = noencap(folder, ['lab', ...args]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toBe(`No lab of ${NAME} is up.\nRun: bin/noencap lab up\n`);
  }
});

test('a kernel that refuses namespaces is no failure of the network: exit code 3, and what helps', () => {
  writeFileSync(
    join(folder, 'unshare'),
    '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n',
    {
      mode: 0o755,
    },
  );
  const ran = noencap(folder, ['lab'], { PATH: `${folder}:${process.env.PATH}` });
  expect(ran).toMatchObject({ code: 3, stdout: '' });
  expect(ran.stderr).toMatch(
    /^The kernel refuses namespaces to this user .*\nRun it as root; or allow user namespaces: sudo sysctl /,
  );
});

scenario('noencap lab', () => {
  test("proves the field report's network, says what it saw, and leaves nothing behind", async () => {
    const before = processes();
    const ran = noencap(folder, ['lab']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(
      ran.stdout.replace(/\([\d.]+ s\)/, '(TIME)'),
    ).toBe(`${NAME}: 3 routers, 3 nodes; BIRD 2 on routers, BIRD 1.6.8 on nodes, with short timers

sessions
  cn-ns--gateway/ipv6                  backbone   Established
  cn-ns--global-ns/ipv6                backbone   Established
  gateway--global-ns/ipv6              backbone   Established
  gateway--kubemaster/ipv4             reflector  Established
  gateway--kubenode-wds-1/ipv4         reflector  Established
  global-ns--kubenode-hkg04/ipv4       reflector  Established
  kubemaster--kubenode-hkg04/ipv4      mesh       Established
  kubemaster--kubenode-wds-1/ipv4      mesh       Established
  kubenode-hkg04--kubenode-wds-1/ipv4  mesh       Established

pods, from each line to each column: hops and path MTU
                  kubemaster  kubenode-hkg04  kubenode-wds-1
  kubemaster      .           4 1420          1 1500
  kubenode-hkg04  4 1420      .               4 1420
  kubenode-wds-1  1 1500      4 1420          .
addresses borrowed from other nodes' blocks: 6 of 6 pings answered

note    whether Calico on kubenode-hkg04 peers from 10.2.5.7 is unknown; in this lab it does
9 sessions up, 6 pairs of pods reach each other: all checks passed (TIME)
`);
    expect(await gone(before)).toBe(true);
  });

  test('fails with exit code 1 where pods are larger than their path, names what, and keeps the logs', () => {
    const file = join(folder, 'topology.yaml');
    writeFileSync(file, named(NAME).replace('mtu: 1370', 'mtu: 1430'));
    const ran = noencap(folder, ['lab']);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(
      "failed  kubemaster to kubenode-hkg04: packets of the pods' MTU, 1430 bytes, do not arrive\n",
    );
    const logs = /^Logs of all daemons: (.*)$/m.exec(ran.stdout)?.[1] ?? '';
    expect(existsSync(join(logs, 'gateway', 'bird.log'))).toBe(true);
    expect(ran.stdout).toContain('  bin/noencap lab routes kubemaster\n');
    rmSync(logs, { recursive: true });
    const failed = (text: string) => text.split('\n').filter((line) => line.startsWith('failed  '));
    const quiet = noencap(folder, ['lab', '-q']);
    expect(quiet).toMatchObject({ code: 1, stdout: `${failed(ran.stdout).join('\n')}\n`, stderr: '' });
    rmSync(logs, { recursive: true });
  });

  test('draws its steps on a terminal, below nothing that a pipe would get', () => {
    const command = `stty cols 100 rows 40; '${process.execPath}' '${BIN}' lab --fail gateway`;
    const env = { ...process.env, CI: undefined, GITHUB_ACTIONS: undefined } as NodeJS.ProcessEnv;
    delete env.CI;
    const ran = spawnSync('script', ['-qec', command, '/dev/null'], { cwd: folder, encoding: 'utf8', env });
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(/✔.* Build the network/);
    expect(ran.stdout).toMatch(/✔.* Break gateway/);
    expect(ran.stdout).toContain('kubemaster--kubenode-hkg04/ipv4      mesh       unreachable');
    expect(ran.stdout).toContain('4 do not and cannot: all checks passed');
  });

  test('stays for a closer look with up, and goes with down; a second one runs beside it', async () => {
    const before = processes();
    expect(noencap(folder, ['lab', 'up'])).toMatchObject({ code: 0, stderr: '' });
    try {
      expect(noencap(folder, ['lab', 'up']).code).toBe(2);
      expect(noencap(folder, ['lab', '--keep']).code).toBe(2);
      expect(noencap(folder, ['lab', 'routes', 'kubemaster']).stdout).toMatch(
        /^10\.42\.253\.128\/26 via 192\.168\.100\.1 dev eth0 proto bird/m,
      );
      expect(noencap(folder, ['lab', 'birdc', 'gateway', 'show', 'protocols']).stdout).toMatch(
        /^k3s_kubemaster_v4 .*Established/m,
      );
      expect(noencap(folder, ['lab', 'birdc', 'gateway', 'show', 'nonsense']).code).toBe(1);
      expect(noencap(folder, ['lab', 'routes', 'gatewy']).stderr).toContain(
        'No host of the lab is named "gatewy".',
      );
      const asked = ['lab', 'exec', 'kubemaster+pod', '--', 'fping', '-t', '5000', '10.42.253.129'];
      expect(noencap(folder, asked)).toMatchObject({ code: 0, stdout: '10.42.253.129 is alive\n' });
      expect(noencap(folder, ['lab', 'exec', 'gateway', '--', 'sh', '-c', 'exit 7']).code).toBe(7);
      writeFileSync(join(folder, 'beside.yaml'), named(`beside-${process.pid}`));
      expect(noencap(folder, ['lab', '-t', 'beside.yaml', '-q'])).toMatchObject({ code: 0, stdout: '' });
    } finally {
      expect(noencap(folder, ['lab', 'down'])).toMatchObject({
        code: 0,
        stdout: `The lab of ${NAME} is down.\n`,
      });
    }
    expect(await gone(before)).toBe(true);
  });

  test.each([
    ['kill -9', 'SIGKILL', ['lab']],
    ['kill -9 before lab up is done', 'SIGKILL', ['lab', 'up']],
    ['Ctrl-C', 'SIGINT', ['lab']],
  ] as const)('leaves nothing behind after %s', async (_, signal, command) => {
    const before = processes();
    const child = spawn(process.execPath, [BIN, ...command, '-q'], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, ...OURS },
    });
    const ended = new Promise((done) => child.on('exit', (code) => done(code)));
    while (processes().length <= before.length) await new Promise((done) => setTimeout(done, 50));
    child.kill(signal);
    expect(await ended).toBe(signal === 'SIGINT' ? 130 : null);
    expect(await gone(before)).toBe(true);
  });

  test('needs no root', () => {
    const lab = (node: string, root: string) => [
      node,
      join(root, 'bin/noencap'),
      ...['lab', '-q', '-t', join(root, 'topology.yaml')],
    ];
    const [program = '', ...args] =
      process.getuid?.() === 0 ? asNobody(lab) : lab(process.execPath, resolve('.'));
    const ran = spawnSync(program, args, { cwd: '/', encoding: 'utf8' });
    expect({ code: ran.status, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
  });
});

/**
 * The command for root to run as an unprivileged user. Root's clone and Node.js may be closed to others, as
 * /root is: in the command's own mount namespace both are also in an open folder.
 */
function asNobody(command: (node: string, root: string) => string[]): string[] {
  const open = join(folder, 'open');
  mkdirSync(join(open, 'noencap'), { recursive: true });
  writeFileSync(join(open, 'node'), '');
  chmodSync(folder, 0o755);
  const script = 'mount --bind "$1" "$2/node" && mount --bind "$3" "$2/noencap" && shift 3 && exec "$@"';
  return [
    ...['unshare', '--mount', 'sh', '-c', script, 'sh', process.execPath, open, resolve('.')],
    ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    ...command(join(open, 'node'), join(open, 'noencap')),
  ];
}
