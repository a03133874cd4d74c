import { rmSync, writeFileSync } from 'node:fs';
import { type OwnFolder, ownFolder, readAtMost } from '../machine/index.ts';
import { findHolder, type Holder, type HolderMark, type Refused } from './holder.ts';

/** A lab that `lab up` left running, by the name of its fabric. */
export interface RunningLab {
  readonly holder: Holder;
  readonly hosts: readonly LabHost[];
}

interface LabHost {
  readonly name: string;
  readonly daemons: readonly string[];
}

/**
 * The folder of running labs, one file per lab. Anybody who could write there would control in which process's namespaces this user's
 * next command runs: a folder that is not exclusively this user's is refused.
 */
export const labsFolder = (): OwnFolder | Refused => ownFolder();

export function rememberLab(
  folder: OwnFolder,
  name: string,
  holder: Holder,
  hosts: readonly LabHost[],
): void {
  const text = JSON.stringify({ ...holder.mark, hosts });
  forgetLab(folder, name);
  writeFileSync(fileOf(folder, name), text, { mode: 0o600, flag: 'wx' });
}

/** Undefined if none is running; a process that reuses the PID of a dead one does not count. */
export function findLab(folder: OwnFolder, name: string): RunningLab | undefined {
  let state: HolderMark & { readonly hosts: readonly LabHost[] };
  try {
    state = JSON.parse(readAtMost(fileOf(folder, name), LARGEST).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(state?.hosts)) return undefined;
  const holder = findHolder(state);
  return holder && { holder, hosts: state.hosts };
}

/** The names of 10,000 hosts fit. */
const LARGEST = 16 * 1024 * 1024;

export const forgetLab = (folder: OwnFolder, name: string): void =>
  rmSync(fileOf(folder, name), { force: true });

const fileOf = (folder: OwnFolder, name: string): string => folder.at(`lab-${name}.json`);
