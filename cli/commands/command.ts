import { type Command, InvalidArgumentError } from 'commander';
import { Unreadable } from '../../machine/index.ts';
import { UserFault } from '../../repository/user-fault.ts';
import { Unchanged } from '../../repository/write-dist.ts';
import { NOENCAP } from '../../topology/own-command.ts';
import type { CommandName } from '../documents/index.ts';
import { environmentFault } from '../environment-fault.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { refuse } from '../refusal.ts';
import { type Terminal, terminal } from '../terminal.ts';
import { refuseUserFault } from '../user-fault.ts';

/** A command that reads a topology, with the options that all commands have. */
export const command = (root: Command, name: string, description: string): Command =>
  withoutTopology(root, name, description).option(
    '-t, --topology <file>',
    'topology file, YAML or TypeScript',
    'topology.yaml',
  );

/** A command that reads none. */
export function withoutTopology(root: Command, name: string, description: string): Command {
  return root
    .command(name)
    .description(description)
    .allowExcessArguments(false)
    .option('--json', 'print one JSON document on stdout and nothing else', false)
    .option('-q, --quiet', 'print only faults and findings', false)
    .option('--no-color', 'plain text; NO_COLOR does the same');
}

/** Runs what a command does; an error of the environment, or of the user's code, becomes a refusal. */
export async function run(
  options: CommonOptions,
  command: CommandName,
  action: (speak: Terminal) => ExitCode | Promise<ExitCode>,
): Promise<void> {
  const speak = terminal({ ...options, command, json: options.json || options.sarif === true });
  try {
    process.exitCode = await action(speak);
  } catch (error) {
    if (error instanceof UserFault) {
      process.exitCode = refuseUserFault(error, speak);
      return;
    }
    const why = environmentFault(error);
    if (why === undefined) throw error instanceof Unchanged ? error.cause : error;
    process.exitCode = refuse(why, speak, error instanceof Unreadable ? EXIT.badInput : EXIT.environment);
  }
}

interface CommonOptions {
  readonly json: boolean;
  readonly sarif?: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** For the end of a help text, as one types them. */
export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line.replace(/(^| )noencap /, `$1${NOENCAP} `)}\n`).join('')}`;

/** Of an option that may be repeated. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** Of an option that takes a number. */
export const wholeNumber = (least: number, most: number) => (value: string) => {
  const number = Number(value);
  if (!/^\d{1,6}$/.test(value) || number < least || number > most) {
    throw new InvalidArgumentError(`Must be a whole number from ${least} to ${most}.`);
  }
  return number;
};

export const BASE =
  'git revision or folder to compare with (default: where this branch left the main branch)';
