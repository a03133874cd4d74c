import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findHolder, type Holder } from './holder.ts';

/** A lab that `lab up` left running, by the name of its fabric. */
export interface RunningLab {
  readonly holder: Holder;
  readonly hosts: readonly { readonly name: string; readonly daemons: readonly string[] }[];
}

/** One file a lab in a folder that only this user reads: another user's labs are none of ours. */
const folder = (): string => join(tmpdir(), `noencap-lab-${process.getuid?.() ?? 0}`);

export function rememberLab(name: string, pid: number, hosts: RunningLab['hosts']): void {
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  const born = bornAt(pid);
  writeFileSync(join(folder(), `${name}.json`), JSON.stringify({ pid, born, hosts }), { mode: 0o600 });
}

/** Undefined where none is running; a process that has the number of a dead one is none. */
export function findLab(name: string): RunningLab | undefined {
  try {
    const { pid, born, hosts } = JSON.parse(readFileSync(join(folder(), `${name}.json`), 'utf8'));
    const holder = bornAt(pid) === born ? findHolder(pid) : undefined;
    return holder && { holder, hosts };
  } catch {
    return undefined;
  }
}

export const forgetLab = (name: string): void => rmSync(join(folder(), `${name}.json`), { force: true });

/** Field 22 of /proc/PID/stat: clock ticks from boot to the start of the process. */
function bornAt(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
