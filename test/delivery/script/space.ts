import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../bird.ts';

/** A separate small file system, visible only to processes inside. */
export interface Space {
  /** A prefix that runs a command inside. */
  readonly enter: readonly string[];
  /** Its path inside. */
  readonly folder: string;
  /** Its path for this process. */
  readonly seen: string;
  /** Leaves this many kB, and at most `inodes` inodes. */
  readonly fill: (kilobytes: number, inodes?: number) => void;
  readonly empty: () => void;
  readonly mount: (options: string) => void;
  readonly end: () => void;
}

/** Mounts one in a mount namespace; without root in a user namespace too. */
export function smallSpace(options = 'size=1m,nr_inodes=200'): Space {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-space-'));
  const rootless = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const holder = spawn('unshare', [
    ...rootless,
    '--mount',
    'sh',
    '-c',
    `mount -t tmpfs -o mode=0755,${options} tmpfs ${folder} && echo ready && exec cat`,
  ]);
  const pid = holder.pid ?? 0;
  const enter = [
    'nsenter',
    '-t',
    String(pid),
    '--mount',
    ...(rootless.length === 0 ? [] : ['--user', '--preserve-credentials']),
  ];
  const inside = (script: string) => {
    const { status, stderr } = spawnSync(enter[0] ?? '', [...enter.slice(1), 'sh', '-c', script], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${script}: ${stderr}`);
  };
  until(() => spawnSync(enter[0] ?? '', [...enter.slice(1), 'mountpoint', '-q', folder]).status === 0);
  const seen = `/proc/${pid}/root${folder}`;
  return {
    enter,
    folder,
    seen,
    fill: (kilobytes, inodes) => {
      inside(`rm -rf ${folder}/filler; mkdir ${folder}/filler; cd ${folder}/filler
        ${inodes === undefined ? '' : `left=$(df -Pi . | awk 'NR == 2 { print $4 }'); while [ $left -gt ${inodes + 1} ]; do : >f$left; left=$((left - 1)); done`}
        left=$(df -Pk . | awk 'NR == 2 { print $4 }'); head -c $(((left - ${kilobytes}) * 1024)) /dev/zero >big`);
    },
    empty: () => inside(`rm -rf ${folder}/filler`),
    mount: (how) => inside(`mount -o ${how} ${folder}`),
    end: () => {
      holder.stdin.end();
      holder.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
