import { readFileSync } from 'node:fs';

/**
 * The start time of a process, which distinguishes it from another one that reuses its PID: clock ticks since boot, field 22 of
 * /proc/PID/stat. `folder` is its folder in /proc. Undefined if it is gone, or if there is no /proc.
 */
export function bornAt(folder: string): string | undefined {
  try {
    const stat = readFileSync(`${folder}/stat`, 'utf8');
    // The program's name is in brackets, and may itself contain some.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
