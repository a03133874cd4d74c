import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { routerFiles } from '../../routers/index.ts';
import { type Answers, FIRST_K3S, topologyText } from '../../start/index.ts';
import { scratch } from '../cli/run.ts';
import { fabricOf } from '../fabric-of.ts';
import { mustHave } from '../installed.ts';

/**
 * What docs/first-hour.md says of AllowedIPs, with WireGuard's own implementation in Go: the kernel's need not be there. What is not
 * allowed never gets through, however long one waits.
 */

const canRun = process.getuid?.() === 0 && process.env.NOENCAP_NO_NETNS !== '1';
if (canRun) beforeAll(() => mustHave('wireguard-go', 'wg', 'unshare', 'bird'));

const SPACES = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Which of the things go through, where each router lets the other have its LAN, the link, and these. */
function through(more: string): string[] {
  const allowed = (lan: string) => `${lan},10.255.0.0/30${more}`;
  return yes('test/docs/wireguard.sh', allowed('192.168.2.0/24'), allowed('192.168.1.0/24'));
}

/** What a script says yes to. */
function yes(...script: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync('unshare', [...SPACES, 'sh', ...script], { encoding: 'utf8' });
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

const where = canRun ? '' : ' (needs root)';

(canRun ? test : test.skip).each(CASES)(`AllowedIPs of %s${where}`, (_what, more, expected) => {
  expect(through(more)).toEqual(expected);
});

/** What the guide's first command answers. */
const GUIDE: Answers = {
  name: 'my-fabric',
  sites: 2,
  link: 'wireguard',
  engine: 'argocd',
  router: 'bird',
  repoURL: 'https://github.com/me/my-fabric.git',
};

/** docs/first-hour.md with the network that it is about: what its configuration of WireGuard, and noencap's of BIRD, make of two sites. */
function guideUp(edit: (conf: string) => string): string[] {
  const folder = scratch();
  try {
    const topology = parse(topologyText(GUIDE, { calico: 'v3.32.1', k3s: FIRST_K3S }, 'none'));
    for (const [path, text] of routerFiles(fabricOf(topology))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const [, page = ''] = /^```ini\n([\s\S]*?)^```$/m.exec(readFileSync('docs/first-hour.md', 'utf8')) ?? [];
    const a = edit(page)
      .replace('THE-PUBLIC-KEY-OF-GATEWAY-2', 'KEY-OF-B')
      .replace('site-2.example', '203.0.113.2');
    // The mirror that the page speaks of.
    const b = a
      .replace('KEY-OF-B', 'KEY-OF-A')
      .replace('203.0.113.2', '203.0.113.1')
      .replace('10.254.1.9/30', '10.254.1.10/30')
      .replace('10.255.255.1/32', '10.255.255.2/32');
    const files = [a, b].map((text, index) => {
      const file = join(folder, `${index}.conf`);
      writeFileSync(file, text);
      return file;
    });
    return yes('test/docs/first-hour.sh', join(folder, 'routers'), ...files);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ALL = ['OSPF', 'backbone', 'reflector', "route of the other site's pods", 'node to node', 'pod to pod'];

(canRun ? test : test.skip)(`the configuration of the guide carries all of it${where}`, () => {
  expect(guideUp((conf) => conf)).toEqual(ALL);
});

(canRun ? test : test.skip)(`without the pods in it, all but the pods${where}`, () => {
  expect(guideUp((conf) => conf.replace('10.42.0.0/16, ', ''))).toEqual(ALL.slice(0, -1));
});
