import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from './write-dist.ts';

/** In one go, so that an interrupted run leaves the old file or the new one; with the mode that it had. */
export function replaceFile(path: string, text: string): void {
  const mode = lstatSync(path, { throwIfNoEntry: false })?.mode;
  const beside = join(dirname(path), `.${basename(path)}.noencap-new`);
  makeFolder(dirname(path));
  rmSync(beside, { force: true });
  writeFileSync(beside, text, { flag: 'wx', ...(mode === undefined ? {} : { mode: mode & 0o777 }) });
  renameSync(beside, path);
}
