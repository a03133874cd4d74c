import { existsSync } from 'node:fs';
import { sysctlConf } from '../../nodes/sysctl.ts';
import { sysctlFile } from '../../routers/sysctl.ts';

describe.each([
  ['a node', sysctlConf],
  ['a router', sysctlFile()],
])('the kernel settings of %s', (_, text) => {
  const settings = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

  test('are lines that sysctl reads, with keys that this kernel knows', () => {
    const withoutIpv6 = !existsSync('/proc/sys/net/ipv6');
    for (const line of settings) {
      expect(line).toMatch(/^[a-z0-9_.]+ = \d+$/);
      const key = line.split(' = ')[0] ?? '';
      if (withoutIpv6 && key.startsWith('net.ipv6.')) continue;
      expect({ key, known: existsSync(`/proc/sys/${key.replaceAll('.', '/')}`) }).toEqual({
        key,
        known: true,
      });
    }
  });

  test('forward both families without reverse path filtering', () => {
    expect(settings).toEqual(
      expect.arrayContaining([
        'net.ipv4.ip_forward = 1',
        'net.ipv6.conf.all.forwarding = 1',
        'net.ipv4.conf.all.rp_filter = 0',
        'net.ipv4.conf.default.rp_filter = 0',
      ]),
    );
  });

  test('set ip_forward first: its change resets the others', () => {
    expect(settings[0]).toBe('net.ipv4.ip_forward = 1');
  });
});
