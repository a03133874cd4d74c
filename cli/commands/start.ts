import type { Command } from 'commander';
import { collect, command, examples, run, withoutTopology } from './command.ts';

/** A first topology. */
export function startCommands(root: Command): void {
  command(root, 'init', 'Write a commented minimal topology to start from.')
    .addHelpText('after', examples('noencap init', 'noencap init -t clusters/home.yaml'))
    .action((options) =>
      run(options, 'init', async (speak) => (await import('../init.ts')).init(options, speak)),
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
      run(options, 'adopt', async (speak) => (await import('../adopt.ts')).adopt(options, speak)),
    );
}
