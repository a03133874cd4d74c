import { readFileSync } from 'node:fs';

/**
 * When a process started, which tells it from another that gets its number: clock ticks from boot, field 22 of /proc/PID/stat. `folder`
 * is its folder in /proc. Undefined if it is gone, and where there is no /proc.
 */
export function bornAt(folder: string): string | undefined {
  try {
    const stat = readFileSync(`${folder}/stat`, 'utf8');
    // The program's name stands in brackets, and may have any.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
