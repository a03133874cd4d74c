import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notPinned } from '../../../delivery/ssh/known-hosts.ts';

const folder = mkdtempSync(join(tmpdir(), 'noencap-known-'));
const knownHosts = join(folder, 'known_hosts');
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXDA2KYbWm6I56U69jpilq1FWvwYFge0FGylHwZSE08';
const of = (host: string, port: number, ...lines: readonly string[]) => {
  writeFileSync(knownHosts, lines.map((line) => `${line}\n`).join(''));
  return notPinned({ host, port, user: 'noencap', knownHosts });
};

test.each<[string, string, number, string]>([
  ['by name', 'gateway', 22, `gateway ${KEY}`],
  ['in capitals', 'Gateway', 22, `gateway ${KEY}`],
  ['among other names', 'gateway', 22, `a,gateway,b ${KEY}`],
  ['by a port of its own', 'gateway', 2222, `[gateway]:2222 ${KEY}`],
  ['by an IPv6 address', 'fd00::1', 2222, `[fd00::1]:2222 ${KEY}`],
  ['by a pattern', 'gateway.example', 22, `*.example ${KEY}`],
  ['by an authority', 'gateway.example', 22, `@cert-authority *.example ${KEY}`],
])('pinned %s', async (_, host, port, line) => {
  expect(await of(host, port, '# routers', line)).toBeUndefined();
});

test('pinned by a hashed name', async () => {
  await of('gateway', 22, `gateway ${KEY}`);
  execFileSync('ssh-keygen', ['-q', '-H', '-f', knownHosts], { stdio: 'ignore' });
  expect(await notPinned({ host: 'gateway', port: 22, user: 'noencap', knownHosts })).toBeUndefined();
  expect(await notPinned({ host: 'other', port: 22, user: 'noencap', knownHosts })).toBeDefined();
});

test.each<[string, string, number, readonly string[]]>([
  ['an empty file', 'gateway', 22, []],
  ['another name', 'gateway', 22, [`gateway2 ${KEY}`]],
  ['another port', 'gateway', 2222, [`gateway ${KEY}`]],
  ['a revoked key', 'gateway', 22, [`@revoked gateway ${KEY}`]],
  ['a comment', 'gateway', 22, [`# gateway ${KEY}`]],
])('not pinned: %s', async (_, host, port, lines) => {
  const name = port === 22 ? host : `[${host}]:${port}`;
  expect(await of(host, port, ...lines)).toEqual({
    message: `${knownHosts} has no host key for ${name}`,
    fix: `On the router's console: sed 's/^/${name} /' /etc/ssh/ssh_host_ed25519_key.pub; add the line that it prints to ${knownHosts}.`,
  });
});

test('not pinned: no file', async () => {
  const target = { host: 'gateway', port: 22, user: 'noencap', knownHosts: join(folder, 'none') };
  expect((await notPinned(target))?.message).toBe(`${target.knownHosts} has no host key for gateway`);
});

test('a file that ssh-keygen is killed over cannot be read: it does not lack a key', async () => {
  const line = `gateway ${KEY}`;
  const lines = Array.from({ length: 2 ** 22 / line.length }, () => line);
  expect((await of('gateway', 22, ...lines))?.message).toBe(
    `${knownHosts} cannot be read: ssh-keygen printed more than 4194304 bytes, and was killed`,
  );
});
