import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Fabric } from '../fabric/index.ts';
import { type Failing, failing, failingNames, findPrograms, type Refused } from '../lab/index.ts';
import { isPackaged } from '../machine/index.ts';
import { listed } from '../topology/suggest.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

export interface LabOptions {
  readonly topology: string;
  /** Routers, segments and sessions to break once all is up. */
  readonly fail: readonly string[];
  /** The lab goes on after the run. */
  readonly keep: boolean;
}

type Prepared =
  | { readonly code: ExitCode }
  | {
      readonly fabric: Fabric;
      readonly programs: Exclude<ReturnType<typeof findPrograms>, Refused>;
      readonly failed: readonly Failing[];
    };

/** Everything that can be refused before anything is started. */
export async function prepareLab(options: LabOptions, terminal: Terminal): Promise<Prepared> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return { code: EXIT.badInput };
  const { fabric } = read.input;
  if (fabric.segments === undefined || fabric.nodes.length === 0) {
    const message = `The lab has nothing to wire: ${options.topology} has no ${fabric.nodes.length === 0 ? 'nodes' : 'underlay'}`;
    return {
      code: refuse({ code: 'topology', message, fix: NO_UNDERLAY }, terminal),
    };
  }
  const failed: Failing[] = [];
  for (const name of options.fail) {
    const one = failing(fabric, name);
    if (one === undefined) {
      const message = `Nothing that can fail is named ${JSON.stringify(name)}`;
      return {
        code: refuse(
          { code: 'unknown-name', message, fix: `Known: ${listed(failingNames(fabric), 'and')}.` },
          terminal,
        ),
      };
    }
    failed.push(one);
  }
  const programs = findPrograms(birdFolder());
  if ('message' in programs) return { code: refuseLab(programs, terminal) };
  return { fabric, programs, failed };
}

/** noencap's own folder, whatever the working folder is: bin/noencap is the script that runs. */
export function rootFolder(): string {
  const script = process.argv[1] ?? '';
  const root = join(script, '..', '..');
  return existsSync(join(root, 'package.json')) ? root : '.';
}

/** The folder below which BIRD 1.6.8 is unpacked. The package is in node_modules, which npm empties: there it is the working folder. */
export const birdFolder = (): string => (isPackaged ? '.' : join(rootFolder(), '.'));

/** What the lab itself cannot do; its messages begin with a small letter. */
export const refuseLab = ({ message, fix }: Refused, terminal: Terminal): ExitCode =>
  refuse(
    { code: 'lab', message: `${message.charAt(0).toUpperCase()}${message.slice(1)}`, fix },
    terminal,
    EXIT.environment,
  );

export const NO_UNDERLAY = 'Describe the segments under underlay.segments, and the nodes on them.';
