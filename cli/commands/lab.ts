import { type Command, Option } from 'commander';
import { ofOtherLabs } from '../of-other-tools.ts';
import { BASE, collect, command, examples, run } from './command.ts';

/** The network with real daemons. */
export function labCommands(root: Command): void {
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
      run(options, 'lab', async (speak) => (await import('../lab.ts')).lab(options, speak)),
    );
  ofOtherLabs(lab);
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
          (await import('../reboot.ts')).labReboot(options, speak),
        );
      if (options.fail.length > 0) rehearse.error("error: option '--fail <name>' needs '--reboot <node>'");
      return run(options, 'lab rehearse', async (speak) =>
        (await import('../rehearse.ts')).labRehearse(options, speak),
      );
    });
  command(lab, 'up', 'Boot a lab and leave it running.').action((options) =>
    run(options, 'lab up', async (speak) => (await import('../running-lab.ts')).labUp(options, speak)),
  );
  command(lab, 'down', 'Stop the running lab.').action((options) =>
    run(options, 'lab down', async (speak) => (await import('../running-lab.ts')).labDown(options, speak)),
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
        (await import('../running-lab.ts')).labExec(options, host, words, speak),
      ),
    );
  command(lab, 'birdc', 'Ask the BIRDs of a host of the running lab.')
    .argument('<host>')
    .argument('<words...>')
    .addHelpText('after', examples('noencap lab birdc gateway show protocols all'))
    .action((host, words, options) =>
      run(options, 'lab birdc', async (speak) =>
        (await import('../running-lab.ts')).labBirdc(options, host, words, speak),
      ),
    );
  command(lab, 'routes', 'Show the kernel routes of a host of the running lab.')
    .argument('<host>')
    .action((host, options) =>
      run(options, 'lab routes', async (speak) =>
        (await import('../running-lab.ts')).labRoutes(options, host, speak),
      ),
    );
}
