import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
// Not the index: it has the router's script, which only the bundle can load.
import { MAX_PARALLEL } from '../delivery/rollout.ts';
import { Unreadable } from '../machine/index.ts';
import ours from '../package.json' with { type: 'json' };
import { Unchanged } from '../repository/write-dist.ts';
import type { CommandName, Fault } from './documents/index.ts';
import { environmentFault } from './environment-fault.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { faultOf, refusalDocument, refuse } from './refusal.ts';
import { consoleToStderr, type Terminal, terminal, toStderr, toStdout } from './terminal.ts';

/** The command line: `argv` without node and script. Sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  consoleToStderr();
  // Node would write what somebody else's text is in as it is.
  process.on('uncaughtException', (error) => {
    tellBug(error);
    process.exit(1);
  });
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => toStderr(`${name}: ${message}\n`));
  // Rendered files run with full permissions on nodes and routers: nobody else may write to them, whatever the umask.
  process.umask(process.umask() | 0o002);
  try {
    await program().parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      tellBug(error);
      return;
    }
    process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.badInput;
    // Commander has said it on stderr; who asked for a document gets one all the same.
    if (error.exitCode !== 0 && argv.includes('--json'))
      toStdout(refusalDocument('noencap', [usageFault(error)]));
  }
}

/** Node would show the line of the bundle besides, which is all of it. */
function tellBug(error: unknown): void {
  process.exitCode = 1;
  const stack = error instanceof Error ? error.stack : undefined;
  toStderr(`${stack ?? error}\nThis is a bug, of noencap or of a chart of your own.\n`);
}

/** In Commander's words: `error: unknown option '--jsn'`, and perhaps a guess in a second line. */
function usageFault({ message }: CommanderError): Fault {
  const [what = '', guess] = message.replace(/^error: /, '').split('\n');
  return faultOf({
    code: 'usage',
    message: `${what.charAt(0).toUpperCase()}${what.slice(1)}`,
    fix: guess === undefined ? 'See --help.' : guess.replace(/^\((.*)\)$/, '$1'),
  });
}

/** Each command loads what it does, and nothing of the others: half of a start is loading. */
function program(): Command {
  const root = new Command('noencap')
    .description('A flat pod network across regions from one topology in git.')
    .version(ours.version)
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .configureOutput({ writeOut: toStdout, writeErr: toStderr })
    .enablePositionalOptions()
    .addHelpText('after', EXIT_CODES);

  command(root, 'synth', 'Render the topology into dist/: cluster, routers and nodes.')
    .option('-o, --out <dir>', 'output folder', 'dist')
    .option('--check', 'write nothing; exit 1 with a diff if the output folder is stale', false)
    .addHelpText(
      'after',
      examples('noencap synth', 'noencap synth --check', 'noencap synth -t lab.yaml -o /tmp/dist'),
    )
    .action((options) =>
      run(options, options.check ? 'synth --check' : 'synth', async (speak) =>
        (await import('./synth.ts')).synth(options, speak),
      ),
    );

  command(root, 'check', 'Report faults of the topology and problems of the network it describes.')
    .option('--strict', 'warnings fail too', false)
    .addOption(
      new Option(
        '--failures <count>',
        'try every single failure, or every pair of failures, and show the effect',
      ).choices(['1', '2']),
    )
    .option('--sarif', 'print SARIF 2.1.0 on stdout and nothing else', false)
    .addHelpText(
      'after',
      examples(
        'noencap check',
        'noencap check --strict',
        'noencap check --failures 1',
        'noencap check --sarif > noencap.sarif',
      ),
    )
    .action((options) =>
      run(options, 'check', async (speak) => (await import('./check.ts')).check(options, speak)),
    );

  command(root, 'explain', 'Explain why a node or router forwards packets for pods the way it does.')
    .argument('<speaker>', 'node or router')
    .argument('<prefix>', "a node's block or name, or the address of a pod, machine or service")
    .option('--fail <name>', 'treat a machine, segment or session as failed (repeatable)', collect, [])
    .option('--on <node>', 'the node of a pod whose address is borrowed from the block of another node')
    .addHelpText(
      'after',
      examples(
        'noencap explain kubemaster 10.42.253.128/26',
        'noencap explain gateway kubenode-hkg04 --fail iepl',
      ),
    )
    .action((speaker, prefix, options) =>
      run(options, 'explain', async (speak) =>
        (await import('./explain.ts')).explain(options, speaker, prefix, speak),
      ),
    );

  command(root, 'path', 'Show every hop from a pod or machine to another, with its route and MTU.')
    .argument('<from>', 'node, router or host, or the address of a pod or machine')
    .argument('<to>', "a node's name or block, or the address of a pod, machine or service")
    .option('--fail <name>', 'treat a machine, segment or session as failed (repeatable)', collect, [])
    .option('--on <node>', 'the node of a pod whose address is borrowed from the block of another node')
    .addHelpText(
      'after',
      examples(
        'noencap path kubemaster kubenode-hkg04',
        'noencap path 10.42.141.7 10.2.5.7',
        'noencap path kubemaster kubenode-hkg04 --fail iepl --json',
        'noencap path kubemaster 10.42.64.70 --on kubenode-hkg04',
      ),
    )
    .action((from, to, options) =>
      run(options, 'path', async (speak) => (await import('./path.ts')).path(options, from, to, speak)),
    );

  command(root, 'diff', 'Show what a change does to cluster, routers, nodes, sessions and packets.')
    .option('--base <ref>', BASE)
    .option('-o, --out <dir>', 'output folder', 'dist')
    .option('--rehearse', 'also make the change in the lab, and report what it lost', false)
    .option('--accept', 'accept its dangers: exit 0 anyway', false)
    .addHelpText(
      'after',
      examples('noencap diff', 'noencap diff --base HEAD~1 --rehearse', 'noencap diff --json > review.json'),
    )
    .action((options) =>
      run(options, 'diff', async (speak) => (await import('./diff.ts')).diff(options, speak)),
    );

  command(root, 'comment', 'Post a review as a comment on its pull request, or update the existing one.')
    .argument('[review]', 'review that `noencap diff --json` wrote', 'review.json')
    .option('--pull-request <number>', "the pull request, instead of the event's", pullRequest)
    .addOption(
      new Option('--print', 'print the comment instead of posting it').default(false).conflicts('json'),
    )
    .addHelpText(
      'after',
      examples('noencap comment', 'noencap comment review.json --pull-request 12', 'noencap comment --print'),
    )
    .action((review, options) =>
      run(options, 'comment', async (speak) =>
        (await import('./comment.ts')).comment(review, options, speak),
      ),
    );

  command(root, 'ship', 'Deliver dist/routers to the routers, each with a timed commit that undoes itself.')
    .argument('[router...]', 'routers (default: all)')
    .option('-o, --out <dir>', 'output folder', 'dist')
    .addOption(
      new Option('--plan', 'show what would be delivered, in which order; contact no router')
        .default(false)
        .conflicts(['check', 'wave', 'setup']),
    )
    .addOption(
      new Option('--check', 'check all routers and change nothing').default(false).conflicts('setup'),
    )
    .option(
      '--base <ref>',
      'git revision that the routers run, or none if unknown (default: detected from their files)',
    )
    .option('--wave <number>', 'deliver only this wave of the plan', wholeNumber(1, 100_000))
    .option('--max-parallel <count>', 'routers at a time', wholeNumber(1, 100), MAX_PARALLEL)
    .option(
      '--timeout <seconds>',
      'seconds until BIRD undoes an unconfirmed change',
      wholeNumber(20, 3600),
      120,
    )
    .option('--accept-drift', 'overwrite files that were edited on the routers', false)
    .option('--excuse <name>', 'session or protocol that may be down afterwards (repeatable)', collect, [])
    .option('--known-hosts <file>', 'pinned host keys (default: known_hosts beside the topology)')
    .option('--secrets <file>', 'passwords, encrypted with age (default: secrets.age beside the topology)')
    .option('--journal <file>', 'append events as lines of JSON')
    .option('--setup <router>', "print the script that creates noencap's account on a router")
    .option('--key <file>', 'public key of that account')
    .addHelpText(
      'after',
      examples(
        'noencap ship --plan',
        'noencap ship --check',
        'noencap ship',
        'noencap ship gateway --accept-drift',
        'noencap ship --setup gateway --key ship.pub > setup.sh',
      ),
    )
    .action((routers, options) =>
      run(options, shipName(options), async (speak) =>
        (await import('./ship.ts')).ship(routers, options, speak),
      ),
    );

  command(
    root,
    'bootstrap',
    'Print the steps from an empty cluster to one that its engine syncs, or run them.',
  )
    .option('-o, --out <dir>', 'output folder', 'dist')
    .option('--run', "run the steps in kubectl's current context", false)
    .addOption(
      new Option('--engine <name>', 'the engine that adopts the cluster, if the topology names both').choices(
        ['argocd', 'flux'],
      ),
    )
    .addHelpText(
      'after',
      examples(
        'noencap bootstrap',
        'noencap bootstrap --run',
        'KUBECONFIG=home.yaml noencap bootstrap --run --engine flux',
      ),
    )
    .action((options) =>
      run(options, options.run ? 'bootstrap --run' : 'bootstrap', async (speak) =>
        (await import('./bootstrap.ts')).bootstrap(options, speak),
      ),
    );

  command(root, 'init', 'Write a commented minimal topology to start from.')
    .addHelpText('after', examples('noencap init', 'noencap init -t clusters/home.yaml'))
    .action((options) =>
      run(options, 'init', async (speak) => (await import('./init.ts')).init(options, speak)),
    );

  withoutTopology(
    root,
    'adopt',
    'Create a topology from a running network, and show what its rendering changes.',
  )
    .option('--cluster <file...>', 'output of kubectl get -o yaml or -o json', [])
    .option('--live', 'read the cluster through kubectl; change nothing', false)
    .option('--router <name=folder>', 'a router and a copy of its /etc/bird (repeatable)', collect, [])
    .option(
      '--known <file>',
      'partial topology with facts that no existing file has; it overrides everything else',
    )
    .option('--operator-manifest <file>', 'tigera-operator.yaml of a Calico that noencap does not carry')
    .option('-o, --out <file>', 'write the topology there instead of stdout')
    .option('--force', 'replace an existing file', false)
    .addHelpText(
      'after',
      examples(
        'noencap adopt --cluster cluster.yaml --router gateway=etc-bird/gateway -o topology.yaml',
        'noencap adopt --live --router edge-1=edge-1 --router edge-2=edge-2 --known known.yaml > topology.yaml',
      ),
    )
    .action((options) =>
      run(options, 'adopt', async (speak) => (await import('./adopt.ts')).adopt(options, speak)),
    );

  labCommands(root);
  return root;
}

function labCommands(root: Command): void {
  const lab = command(root, 'lab', 'Boot the topology with real BIRD in network namespaces and verify it.')
    .option(
      '--fail <name>',
      'break a router, segment or session once everything is up (repeatable)',
      collect,
      [],
    )
    .option('--keep', 'leave the lab running, as lab up does', false)
    .addHelpText(
      'after',
      examples(
        'noencap lab',
        'noencap lab --fail gateway',
        'noencap lab --fail wds-lan --json',
        'noencap lab up',
      ),
    )
    .action((options) =>
      run(options, 'lab', async (speak) => (await import('./lab.ts')).lab(options, speak)),
    );
  command(
    lab,
    'rehearse',
    'Boot the base, change it to the working tree while pods ping each other, and report the loss.',
  )
    .option('--base <ref>', BASE)
    .addOption(
      new Option('--reboot <node>', 'change nothing: reboot this node, and report the loss').conflicts(
        'base',
      ),
    )
    .option('--fail <name>', 'with --reboot: what is down at the same time (repeatable)', collect, [])
    .addHelpText(
      'after',
      examples(
        'noencap lab rehearse --base main',
        'noencap lab rehearse --base HEAD~1 --json',
        'noencap lab rehearse --reboot kubemaster --fail gateway',
      ),
    )
    .action((options, rehearse: Command) => {
      if (options.reboot)
        return run(options, 'lab rehearse --reboot', async (speak) =>
          (await import('./reboot.ts')).labReboot(options, speak),
        );
      if (options.fail.length > 0) rehearse.error("error: option '--fail <name>' needs '--reboot <node>'");
      return run(options, 'lab rehearse', async (speak) =>
        (await import('./rehearse.ts')).labRehearse(options, speak),
      );
    });
  command(lab, 'up', 'Boot a lab and leave it running.').action((options) =>
    run(options, 'lab up', async (speak) => (await import('./running-lab.ts')).labUp(options, speak)),
  );
  command(lab, 'down', 'Stop the running lab.').action((options) =>
    run(options, 'lab down', async (speak) => (await import('./running-lab.ts')).labDown(options, speak)),
  );
  command(lab, 'exec', 'Run a command on a host of the running lab; a pod is <node>+pod.')
    .argument('<host>')
    .argument('<command...>')
    .passThroughOptions()
    .addHelpText(
      'after',
      examples(
        'noencap lab exec kubemaster -- ip route',
        'noencap lab exec kubemaster+pod -- ping 10.42.0.1',
      ),
    )
    .action((host, words, options) =>
      run(options, 'lab exec', async (speak) =>
        (await import('./running-lab.ts')).labExec(options, host, words, speak),
      ),
    );
  command(lab, 'birdc', 'Ask the BIRDs of a host of the running lab.')
    .argument('<host>')
    .argument('<words...>')
    .addHelpText('after', examples('noencap lab birdc gateway show protocols all'))
    .action((host, words, options) =>
      run(options, 'lab birdc', async (speak) =>
        (await import('./running-lab.ts')).labBirdc(options, host, words, speak),
      ),
    );
  command(lab, 'routes', 'Show the kernel routes of a host of the running lab.')
    .argument('<host>')
    .action((host, options) =>
      run(options, 'lab routes', async (speak) =>
        (await import('./running-lab.ts')).labRoutes(options, host, speak),
      ),
    );
}

const BASE = 'git revision or folder to compare with (default: where this branch left the main branch)';

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

function pullRequest(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new InvalidArgumentError('Must be the number of a pull request.');
  return Number(value);
}

const wholeNumber = (least: number, most: number) => (value: string) => {
  const number = Number(value);
  if (!/^\d{1,6}$/.test(value) || number < least || number > most) {
    throw new InvalidArgumentError(`Must be a whole number from ${least} to ${most}.`);
  }
  return number;
};

interface CommonOptions {
  readonly json: boolean;
  readonly sarif?: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

const command = (root: Command, name: string, description: string): Command =>
  withoutTopology(root, name, description).option(
    '-t, --topology <file>',
    'topology file, YAML or TypeScript',
    'topology.yaml',
  );

function withoutTopology(root: Command, name: string, description: string): Command {
  return root
    .command(name)
    .description(description)
    .allowExcessArguments(false)
    .option('--json', 'print one JSON document on stdout and nothing else', false)
    .option('-q, --quiet', 'print only faults and findings', false)
    .option('--no-color', 'plain text; NO_COLOR does the same');
}

function shipName({ setup, plan, check }: { setup?: string; plan: boolean; check: boolean }): CommandName {
  if (setup !== undefined) return 'ship --setup';
  if (plan) return 'ship --plan';
  return check ? 'ship --check' : 'ship';
}

async function run(
  options: CommonOptions,
  command: CommandName,
  action: (speak: Terminal) => ExitCode | Promise<ExitCode>,
): Promise<void> {
  const speak = terminal({ ...options, command, json: options.json || options.sarif === true });
  try {
    process.exitCode = await action(speak);
  } catch (error) {
    const why = environmentFault(error);
    if (why === undefined) throw error instanceof Unchanged ? error.cause : error;
    process.exitCode = refuse(why, speak, error instanceof Unreadable ? EXIT.badInput : EXIT.environment);
  }
}

const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;

const EXIT_CODES = `
Exit codes: 0 success; 1 a check failed; 2 bad input or usage; 3 the environment lacks something.`;
