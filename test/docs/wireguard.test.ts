import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What docs/first-hour.md says of AllowedIPs, with WireGuard's own implementation in Go: the kernel's need not be there. What is not
 * allowed never gets through, however long one waits.
 */

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const canRun =
  process.getuid?.() === 0 && process.env.NOENCAP_NO_NETNS !== '1' && has('wireguard-go') && has('wg');

const SPACES = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Which of the things go through, where each router lets the other have its LAN, the link, and these. */
function through(more: string): string[] {
  const allowed = (lan: string) => `${lan},10.255.0.0/30${more}`;
  const script = ['sh', 'test/docs/wireguard.sh', allowed('192.168.2.0/24'), allowed('192.168.1.0/24')];
  const { status, stdout, stderr } = spawnSync('unshare', [...SPACES, ...script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n').flatMap((line) => (line.endsWith(' yes') ? [line.slice(0, -4)] : []));
}

const CASES: readonly (readonly [what: string, more: string, expected: readonly string[]])[] = [
  ['LAN and link', '', ['BGP', 'route', 'node to node']],
  ['with 224.0.0.5', ',224.0.0.5/32', ['BGP', 'route', 'node to node', 'OSPF']],
  [
    'with the pods, too',
    ',224.0.0.5/32,10.42.0.0/16',
    ['BGP', 'route', 'node to node', 'pod to pod', 'OSPF'],
  ],
];

const where = canRun ? '' : ' (needs root, wireguard-go and wireguard-tools)';

(canRun ? test : test.skip).each(CASES)(`AllowedIPs of %s${where}`, (_what, more, expected) => {
  expect(through(more)).toEqual(expected);
});

test('the guide names all of them', () => {
  const text = readFileSync('docs/first-hour.md', 'utf8');
  for (const range of ['224.0.0.5', 'AllowedIPs']) expect(text).toContain(range);
});
