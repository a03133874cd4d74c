import { type Command, Option } from 'commander';
import { collect, command, examples, run } from './command.ts';

/** What a topology renders to, and what its network does. */
export function networkCommands(root: Command): void {
  command(root, 'synth', 'Render the topology into dist/: cluster, routers and nodes.')
    .option('-o, --out <dir>', 'output folder', 'dist')
    .option('--check', 'write nothing; exit 1 with a diff if the output folder is stale', false)
    .addHelpText(
      'after',
      examples('noencap synth', 'noencap synth --check', 'noencap synth -t lab.yaml -o /tmp/dist'),
    )
    .action((options) =>
      run(options, options.check ? 'synth --check' : 'synth', async (speak) =>
        (await import('../synth.ts')).synth(options, speak),
      ),
    );

  // What cdk8s.yaml names as the app: `cdk8s synth` runs it, and sets the folder where it wants the manifests besides.
  root
    .command('cdk8s', { hidden: true })
    .description('Render the topology into dist/, as the app of cdk8s synth.')
    .allowExcessArguments(false)
    .action(() =>
      run({ json: false, quiet: false, color: true }, 'synth', async (speak) =>
        (await import('../synth.ts')).synth({ topology: 'topology.yaml', out: 'dist', check: false }, speak),
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
    .option('--live', LIVE, false)
    .option('--context <name>', CONTEXT)
    .option('--blocks <file>', BLOCKS)
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
      run(options, 'check', async (speak) => (await import('../check.ts')).check(options, speak)),
    );

  forwarding(root, 'explain', 'Explain why a node or router forwards packets for pods the way it does.')
    .argument('<speaker>', 'node or router; without a second argument an address or a block: whose it is')
    .argument('[prefix]', "a node's block or name, or the address of a pod, machine or service")
    .addHelpText(
      'after',
      examples(
        'noencap explain kubemaster 10.42.253.128/26',
        'noencap explain gateway kubenode-hkg04 --fail iepl',
        'noencap explain 10.42.253.137 --live',
      ),
    )
    .action((speaker, prefix, options) =>
      run(options, 'explain', async (speak) =>
        (await import('../explain.ts')).explain(options, speaker, prefix, speak),
      ),
    );

  forwarding(root, 'path', 'Show every hop from a pod or machine to another, with its route and MTU.')
    .argument('<from>', 'node, router or host, or the address of a pod or machine')
    .argument('<to>', "a node's name or block, or the address of a pod, machine or service")
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
      run(options, 'path', async (speak) => (await import('../path.ts')).path(options, from, to, speak)),
    );
}

/** A command that asks where packets go: with something failed, or to a borrowed address. */
const forwarding = (root: Command, name: string, description: string): Command =>
  command(root, name, description)
    .option('--fail <name>', 'treat a machine, segment or session as failed (repeatable)', collect, [])
    .option('--on <node>', 'the node of a pod whose address is borrowed from the block of another node')
    .option('--live', LIVE, false)
    .option('--context <name>', CONTEXT)
    .option('--blocks <file>', BLOCKS);

const LIVE = 'with the blocks and addresses that the cluster has now';
const CONTEXT = "the cluster of this context (default: kubectl's current one)";
const BLOCKS = 'with those in a file that --live wrote; with --live the file to write';
