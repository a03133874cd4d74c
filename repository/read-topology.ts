import { extname, resolve } from 'node:path';
import { readAtMost, whyUnreadable } from '../machine/index.ts';
import type { Loaded } from '../topology/index.ts';
import { LARGEST_TOPOLOGY, loadTopology, parseTopologyValue, unreadable } from '../topology/index.ts';
import { reasonOf, runModule } from './user-module.ts';

const MODULES = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** Whether a topology is read by running it. */
export const isModule = (file: string): boolean => MODULES.includes(extname(file));

/**
 * Reads a topology from YAML, or from a TypeScript or JavaScript module whose default export is one. `name` is the name of the file in
 * faults, if its path differs from the one the user knows.
 */
export async function readTopology(file: string, name = file): Promise<Loaded> {
  if (isModule(file)) return readModule(file, name);
  try {
    return loadTopology({ file: name, bytes: readAtMost(file, LARGEST_TOPOLOGY) });
  } catch (error) {
    return notRead(name, error);
  }
}

const notRead = (name: string, error: unknown): Loaded =>
  unreadable(name, (error as NodeJS.ErrnoException).code ?? String(error), whyUnreadable(error));

/** Runs with the permissions of the user who started noencap. What it throws is a fault of the file. */
async function readModule(file: string, name: string): Promise<Loaded> {
  const absolute = resolve(file);
  try {
    readAtMost(absolute, LARGEST_TOPOLOGY);
  } catch (error) {
    return notRead(name, error);
  }
  try {
    const exports = await runModule(absolute);
    if (exports.default === undefined) return unreadable(name, 'no default export');
    return parseTopologyValue(exports.default, name);
  } catch (error) {
    return unreadable(name, reasonOf(error));
  }
}
