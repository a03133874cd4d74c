import { type Command, Option } from 'commander';
// Not the indexes: they have scripts, which only the bundle can load.
import { MAX_PARALLEL } from '../../delivery/rollout.ts';
import { PROBE_IMAGE } from '../../live/probe/names.ts';
import type { CommandName } from '../documents/index.ts';
import { collect, command, examples, run, wholeNumber } from './command.ts';

/** To the routers and to the cluster. */
export function deliveryCommands(root: Command): void {
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
    .addOption(timeLimit())
    .option('--accept-drift', 'overwrite files that were edited on the routers', false)
    .option('--excuse <name>', 'session or protocol that may be down afterwards (repeatable)', collect, [])
    .addOption(knownHosts())
    .addOption(secrets())
    .addOption(journal())
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
        (await import('../ship.ts')).ship(routers, options, speak),
      ),
    );

  command(root, 'drain', 'Lead traffic around a router before it is rebooted, rehearsed in the lab.')
    .argument('<router>', 'router')
    .option('--check', 'look, rehearse, and change nothing', false)
    .option('--accept-cut-off', 'go ahead although the router is the only way of some pods', false)
    .option('--no-rehearsal', 'do not try it in the lab first')
    .option(
      '--wait <seconds>',
      'how long to wait at most until nothing is passed on',
      wholeNumber(5, 3600),
      60,
    )
    .addOption(timeLimit())
    .addOption(knownHosts())
    .addOption(secrets())
    .addOption(journal())
    .addHelpText(
      'after',
      examples(
        'noencap drain gateway --check',
        'noencap drain gateway',
        'noencap drain gateway --no-rehearsal',
      ),
    )
    .action((router, options) =>
      run(options, options.check ? 'drain --check' : 'drain', async (speak) =>
        (await import('../drain.ts')).drain(router, options, speak),
      ),
    );

  command(root, 'undrain', 'Let traffic back to a drained router: it gets the delivered configuration again.')
    .argument('<router>', 'router')
    .addOption(timeLimit())
    .addOption(knownHosts())
    .addOption(secrets())
    .addOption(journal())
    .addHelpText('after', examples('noencap undrain gateway'))
    .action((router, options) =>
      run(options, 'undrain', async (speak) => (await import('../drain.ts')).undrain(router, options, speak)),
    );

  command(
    root,
    'verify',
    'Hold routers and cluster against the topology: what agrees, what differs, what is unknown.',
  )
    .option('--router <router>', 'look at this router only (repeatable)', collect, [])
    .option('--node <node>', 'look at this node only, and at its sessions (repeatable)', collect, [])
    .addOption(context())
    .option('--no-cluster', 'leave the cluster out')
    .addOption(
      new Option(
        '--ping',
        'send packets between pods of each pair of regions, which creates pods for a moment',
      )
        .default(false)
        .conflicts('watch'),
    )
    .option('--image <image>', 'the image of these pods: it has sh and the ping of iputils', PROBE_IMAGE)
    .option('--wait <seconds>', 'look again until all is as promised, so long at most', wholeNumber(1, 3600))
    .addOption(
      new Option('--watch', 'look again and again until Ctrl-C, and show what changes')
        .default(false)
        .conflicts(['wait', 'ping']),
    )
    .addOption(knownHosts())
    .addHelpText(
      'after',
      examples(
        'noencap verify',
        'noencap verify --router gateway --router cn-ns',
        'noencap verify --node kubemaster',
        'noencap verify --wait 120',
        'noencap verify --ping',
        'noencap verify --json',
      ),
    )
    .action((options) =>
      run(options, 'verify', async (speak) => (await import('../verify.ts')).verify(options, speak)),
    );

  command(root, 'drift', 'Hold the cluster and the files of the routers against git, as diff shows a change.')
    .option('-o, --out <dir>', 'output folder', 'dist')
    .option('--router <router>', 'look at this router only (repeatable)', collect, [])
    .addOption(context())
    .option('--no-cluster', 'leave the cluster out')
    .option('--no-routers', 'leave the routers out')
    .addOption(
      new Option('--adopt', 'write what the cluster has into the topology, as far as that can be proven')
        .default(false)
        .conflicts(['router', 'cluster', 'routers', 'knownHosts']),
    )
    .addOption(knownHosts())
    .addHelpText(
      'after',
      examples(
        'noencap drift',
        'noencap drift --no-routers',
        'noencap drift --router gateway',
        'noencap drift --json > drift.json',
        'noencap drift --adopt',
      ),
    )
    .action((options) =>
      run(options, options.adopt ? 'drift --adopt' : 'drift', async (speak) =>
        (await import('../drift.ts')).drift(options, speak),
      ),
    );

  command(root, 'status', 'Show all of the network that can be known in seconds, and what to run next.')
    .option('-o, --out <dir>', 'output folder, whose commits routers have', 'dist')
    .option('--within <seconds>', 'what does not answer in this time is unknown', wholeNumber(1, 600), 10)
    .addOption(context())
    .option('--no-cluster', 'do not look at the cluster')
    .option('--no-routers', 'do not look at the routers')
    .addOption(knownHosts())
    .addHelpText(
      'after',
      examples('noencap status', 'noencap status --within 3', 'noencap status --no-cluster --json'),
    )
    .action((options) =>
      run(options, 'status', async (speak) => (await import('../status.ts')).status(options, speak)),
    );

  command(root, 'mtu', 'Find what links between nodes really carry, and what pods may send.')
    .addOption(context())
    .option(
      '--image <image>',
      'the image of the pods that send: it has sh and the ping of iputils',
      PROBE_IMAGE,
    )
    .option('--write', 'correct pods.mtu and the segments of the topology', false)
    .addHelpText('after', examples('noencap mtu', 'noencap mtu --write', 'noencap mtu --json'))
    .action((options) =>
      run(options, 'mtu', async (speak) => (await import('../mtu.ts')).mtu(options, speak)),
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
        (await import('../bootstrap.ts')).bootstrap(options, speak),
      ),
    );
}

function shipName({ setup, plan, check }: { setup?: string; plan: boolean; check: boolean }): CommandName {
  if (setup !== undefined) return 'ship --setup';
  if (plan) return 'ship --plan';
  return check ? 'ship --check' : 'ship';
}

/** Options that several of these commands have, each with one meaning. */
const timeLimit = () =>
  new Option('--timeout <seconds>', 'seconds until BIRD undoes an unconfirmed change')
    .argParser(wholeNumber(20, 3600))
    .default(120);
const knownHosts = () =>
  new Option('--known-hosts <file>', 'pinned host keys (default: known_hosts beside the topology)');
const secrets = () =>
  new Option('--secrets <file>', 'passwords, encrypted with age (default: secrets.age beside the topology)');
const journal = () => new Option('--journal <file>', 'append events as lines of JSON');
const context = () =>
  new Option('--context <name>', "the cluster of this context (default: kubectl's current one)");
