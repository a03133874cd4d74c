import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { look } from '../../../delivery/look.ts';
import type { Prefix } from '../../../topology/address.ts';
import { parsePrefix } from '../../../topology/address.ts';
import { mustHave } from '../../installed.ts';
import { type Bird, local } from '../bird.ts';
import { done, theirs } from '../steps.ts';

let bird: Bird;
beforeAll(() => {
  bird = theirs();
});
afterAll(() => bird.end());

const pools = (...texts: readonly string[]): Prefix[] =>
  texts.flatMap((text) => {
    const parsed = parsePrefix(text);
    return parsed.ok ? [parsed.prefix] : [];
  });

test('of a real BIRD and a real kernel, pools of both families', async () => {
  const view = done(await look(local(), bird.settings, pools('10.42.0.0/16', 'fd00:42::/64')));
  expect(view).toMatchObject({ routes: [], kernel: [], noKernel: undefined });
});

test('when the last delivery was recorded, by the same clock; a record of a delivery under way is none', async () => {
  const shippedAt = async (state: string) => {
    const folder = join(bird.settings.configDir, '.noencap');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'state'), `${state}\n`);
    utimesSync(join(folder, 'state'), 1_700_000_000, 1_700_000_000);
    const { shipped } = done(await look(local(), bird.settings, pools('10.42.0.0/16')));
    rmSync(join(folder, 'state'));
    return shipped;
  };
  expect(await shippedAt('shipped 0123456789abcdef')).toBe(1_700_000_000);
  expect(await shippedAt('applying 0123456789abcdef')).toBeUndefined();
  expect(done(await look(local(), bird.settings, pools('10.42.0.0/16'))).shipped).toBeUndefined();
});

test('with an ip(8) that fails the rest is told', async () => {
  const folder = join(bird.folder, 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'ip'), '#!/bin/sh\necho "ip: not permitted" >&2\nexit 2\n', { mode: 0o755 });
  const remote = local({ path: `${folder}:${process.env.PATH}` });
  const view = done(await look(remote, bird.settings, pools('10.42.0.0/16')));
  expect(view).toMatchObject({ kernel: [], noKernel: 'ip: not permitted' });
  expect(view.routes).toEqual([]);
});

test.each(['10.42.0.0', '10.42.0.0/33333', '/16', 'x/16', '10.42.0.0/16/1', '10.42.0.0/a'])(
  'a pool that is none is misuse: %s',
  async (text) => {
    const ran = await local().run({
      verb: 'look',
      settings: [`config=${bird.settings.configDir}`],
      args: [text],
    });
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({
      code: 2,
      stdout: expect.stringMatching(/^code usage\n/),
    });
  },
);

test('and none at all', async () => {
  const ran = await local().run({ verb: 'look', settings: [], args: [] });
  expect(ran.code).toBe(2);
});

(process.env.NOENCAP_NO_NETNS === '1' ? test.skip : test)(
  'interfaces with reverse path filtering, with each shell',
  async () => {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    for (const shell of ['dash', 'bash', 'busybox sh']) {
      const strict = `echo 1 >/proc/sys/net/ipv4/conf/lo/rp_filter; exec ${shell} "$@"`;
      const remote = local({ shell: ['unshare', ...user, '--net', 'sh', '-c', strict, 'sh'] });
      const view = done(await look(remote, bird.settings, pools('10.42.0.0/16')));
      expect({ shell, lo: view.rpFilters.get('lo') }).toEqual({ shell, lo: '1' });
    }
  },
);

const canTunnel = process.getuid?.() === 0 && process.env.NOENCAP_NO_NETNS !== '1';

(canTunnel ? test : test.skip)(
  `AllowedIPs of WireGuard without its keys, with each shell${canTunnel ? '' : ' (needs root)'}`,
  async () => {
    mustHave('wireguard-go', 'wg');
    const spaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const peer = 'peer "$(wg genkey | wg pubkey)" allowed-ips';
    for (const shell of ['dash', 'bash', 'busybox sh']) {
      const tunnel = `mkdir -p /run/wireguard && mount -t tmpfs tmpfs /run/wireguard
wireguard-go -f wg-t >/dev/null 2>&1 &
until [ -S /run/wireguard/wg-t.sock ]; do sleep 0.1; done
wg set wg-t ${peer} 10.42.0.0/17,192.168.2.0/24 ${peer} "" ${peer} fd42::/48
exec ${shell} "$@"`;
      const remote = local({ shell: ['unshare', ...spaces, 'sh', '-c', tunnel, 'sh'] });
      const { allowedIPs } = done(await look(remote, bird.settings, pools('10.42.0.0/16')));
      expect({
        shell,
        devices: [...allowedIPs.keys()],
        all: [...(allowedIPs.get('wg-t') ?? [])].sort(),
      }).toEqual({
        shell,
        devices: ['wg-t'],
        all: ['10.42.0.0/17', '192.168.2.0/24', 'fd42::/48'],
      });
    }
  },
);
