import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Way } from '../bird.ts';

/** A router with nothing but busybox: its shell, and a folder with only its programs. */
export function busybox(): Way & { end: () => void } {
  const { error, stdout } = spawnSync('sh', ['-c', 'command -v busybox && busybox --list'], {
    encoding: 'utf8',
  });
  const [program, ...applets] = stdout.trim().split('\n');
  if (error !== undefined || !program) throw new Error('busybox is missing. Run: scripts/setup-tests.sh');
  const path = join(mkdtempSync(join(tmpdir(), 'noencap-busybox-')), 'bin');
  mkdirSync(path);
  for (const applet of applets) symlinkSync(program, join(path, applet));
  return {
    shell: [program, 'ash'],
    path,
    end: () => rmSync(join(path, '..'), { recursive: true }),
  };
}
