import { Command, CommanderError } from 'commander';
import { check } from './check.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { init } from './init.ts';
import { synth } from './synth.ts';
import { type Terminal, terminal } from './terminal.ts';

/** The command line: `argv` without node and script. Sets the exit code of the process. */
export function main(argv: readonly string[]): void {
  try {
    program().parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.badInput;
  }
}

function program(): Command {
  const root = new Command('noencap')
    .description('A flat pod network across regions from one topology in git.')
    .version('0.1.0')
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .addHelpText('after', EXIT_CODES);

  command(root, 'synth', 'Render the topology into dist/: cluster, routers and nodes.')
    .option('-o, --out <dir>', 'output folder', 'dist')
    .option('--check', 'write nothing; exit 1 with a diff if the output folder is stale', false)
    .addHelpText(
      'after',
      examples('noencap synth', 'noencap synth --check', 'noencap synth -t lab.yaml -o /tmp/dist'),
    )
    .action((options) => run(options, (speak) => synth(options, speak)));

  command(root, 'check', 'Say what is wrong with the topology, or with the network it describes.')
    .option('--strict', 'warnings fail too', false)
    .addHelpText('after', examples('noencap check', 'noencap check --strict', 'noencap check --json'))
    .action((options) => run(options, (speak) => check(options, speak)));

  command(root, 'init', 'Write a commented minimal topology to start from.')
    .addHelpText('after', examples('noencap init', 'noencap init -t clusters/home.yaml'))
    .action((options) => run(options, (speak) => init(options, speak)));

  return root;
}

interface CommonOptions {
  readonly topology: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

function command(root: Command, name: string, description: string): Command {
  return root
    .command(name)
    .description(description)
    .allowExcessArguments(false)
    .option('-t, --topology <file>', 'topology file, YAML or TypeScript', 'topology.yaml')
    .option('--json', 'print one JSON document on stdout, nothing else', false)
    .option('-q, --quiet', 'print faults and findings only', false)
    .option('--no-color', 'plain text; NO_COLOR does the same');
}

function run(options: CommonOptions, action: (speak: Terminal) => ExitCode): void {
  process.exitCode = action(terminal(options));
}

const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;

const EXIT_CODES = `
Exit codes: 0 fine; 1 what was checked does not hold; 2 bad input or usage; 3 the environment lacks something.`;
