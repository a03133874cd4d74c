import { lstatSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { hidingSecrets, readAtMost } from '../machine/index.ts';
import { clusterApp } from '../main.ts';
import type { ClusterApp } from '../repository/user-app.ts';
import { UserFault, type UserPlace } from '../repository/user-fault.ts';
import { LARGEST_TOPOLOGY } from '../topology/index.ts';
import { runModule, unusableAt } from './user-module.ts';

const MAIN = 'main.ts';

/** The app of main.ts in the working folder, or noencap's own where there is none. In place of repository/user-app.ts. */
export async function loadApp(): Promise<ClusterApp> {
  if (lstatSync(MAIN, { throwIfNoEntry: false }) === undefined) return (fabric) => clusterApp(fabric);
  readAtMost(MAIN, LARGEST_TOPOLOGY);
  const build = await exported();
  return Object.assign(
    (fabric: Parameters<ClusterApp>[0]) => {
      const app = hidingSecrets(() => build(fabric));
      if (isApp(app)) return app;
      const what = app instanceof Promise ? 'a promise, and charts need no waiting' : 'something else';
      throw new UserFault({ file: MAIN }, 'unusable', `its default export returns ${what}: ${RIGHT}`);
    },
    { faultOf: thrown },
  );
}

async function exported(): Promise<(fabric: unknown) => unknown> {
  let value: unknown;
  try {
    value = (await runModule(resolve(MAIN))).default;
  } catch (error) {
    const at = unusableAt(error);
    if (at !== undefined) throw new UserFault(at, 'unusable', unusableText(error as Error));
    throw thrown(error);
  }
  if (typeof value === 'function') return value as (fabric: unknown) => unknown;
  throw new UserFault({ file: MAIN }, 'unusable', `its default export is no function: ${RIGHT}`);
}

/** TypeScript lets the word out where it sees that a name is a type. */
const unusableText = ({ message }: Error): string =>
  /does not provide an export named/.test(message)
    ? `${message}; if it is a type, import it with the word type`
    : message;

const RIGHT = 'write export default function app(fabric: Fabric): App { return clusterApp(fabric); }';

const isApp = (value: unknown): value is App => Construct.isConstruct(value) && 'charts' in value;

/** What the app or a chart of it throws; the place is where it left the user's own files. */
function thrown(error: unknown): Error {
  if (error instanceof UserFault) return error;
  const frames = framesOf(error);
  const at = frames.flatMap(placeOf)[0] ?? { file: MAIN };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new UserFault(at, 'thrown', message, frames.slice(0, MOST_FRAMES));
}

const MOST_FRAMES = 8;

/** Calls, with paths from the working folder, without those of Node.js itself. */
function framesOf(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const here = `${resolve('.')}${sep}`;
  return stack
    .split('\n')
    .filter((line) => /^ {4}at /.test(line) && !/\(?node:/.test(line))
    .map((line) => line.trim().replaceAll(pathToFileURL(here).href, '').replaceAll(here, ''));
}

/** Of a call in a file of the user's. */
function placeOf(frame: string): UserPlace[] {
  const [, path = '', line] = /^at (?:.*\()?([^()]+?):(\d+):\d+\)?$/.exec(frame) ?? [];
  const file = path.startsWith('file:') ? relative('.', fileURLToPath(path)) : path;
  return line === undefined || file.includes('node_modules/') ? [] : [{ file, line: Number(line) }];
}
