import { type Argument, Command } from 'commander';
import ours from '../package.json' with { type: 'json' };
import { NOENCAP } from '../topology/own-command.ts';
import { deliveryCommands } from './commands/delivery.ts';
import { labCommands } from './commands/lab.ts';
import { networkCommands } from './commands/network.ts';
import { reviewCommands } from './commands/review.ts';
import { shellCommands } from './commands/shell.ts';
import { startCommands } from './commands/start.ts';
import { ofOtherTools } from './of-other-tools.ts';
import { helpColumns, toStderr, toStdout } from './terminal.ts';
import { fitted } from './wrapped.ts';

/** All commands. Each loads what it does, and nothing of the others: half of a start is loading. */
export function program(): Command {
  const root = new Command(NOENCAP)
    .description('A flat pod network across regions from one topology in git.')
    .version(ours.version)
    .showHelpAfterError('(see --help)')
    .exitOverride()
    // Each has options: that says nothing, and takes ten columns from what it does.
    .configureHelp({
      minWidthToWrap: 20,
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map(humanReadable)].join(' '),
    })
    .configureOutput({ writeOut: toStdout, writeErr: toStderr })
    .enablePositionalOptions()
    .addHelpText('after', () => `\n${fitted(EXIT_CODES, helpColumns())}`);

  networkCommands(root);
  reviewCommands(root);
  deliveryCommands(root);
  startCommands(root);
  labCommands(root);
  shellCommands(root);
  ofOtherTools(root);
  return root;
}

const humanReadable = (argument: Argument): string => {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return argument.required ? `<${name}>` : `[${name}]`;
};

export const EXIT_CODES =
  'Exit codes: 0 success; 1 a check failed; 2 bad input or usage; 3 the environment lacks something.';
