import { type Command, Option } from 'commander';
import { ENGINES, LINKS, MOST_SITES, ROUTERS } from '../../start/answers.ts';
import { NOENCAP } from '../../topology/own-command.ts';
import { refuse } from '../refusal.ts';
import { collect, command, examples, run, wholeNumber, withoutTopology } from './command.ts';

/** A first topology. */
export function startCommands(root: Command): void {
  command(root, 'init', 'Start: a repository of your own in a new folder; without one, a minimal topology.')
    .argument('[folder]', 'new or empty folder, or the clone of an empty repository')
    .option('--name <name>', "of the network (default: the folder's name)")
    .option(
      '--sites <count>',
      'how many places with a router and nodes (default: 1)',
      wholeNumber(1, MOST_SITES),
    )
    .addOption(new Option('--link <kind>', 'what joins the sites (default: wireguard)').choices(LINKS))
    .addOption(new Option('--engine <engine>', 'what syncs the cluster (default: argocd)').choices(ENGINES))
    .addOption(
      new Option(
        '--router <kind>',
        'bird: noencap writes all of its bird.conf; include: files for a bird.conf that exists (default: bird)',
      ).choices(ROUTERS),
    )
    .option('--repo-url <url>', "where the engine reads this repository (default: the clone's origin)")
    .addOption(
      new Option('--from <clone>', "move the network of a clone of noencap's own repository").conflicts([
        'name',
        'sites',
        'link',
        'engine',
        'router',
        'repoUrl',
      ]),
    )
    .option('--no-install', 'do not run npm install')
    .addHelpText(
      'after',
      examples(
        'noencap init',
        'noencap init my-fabric --sites 2 --link wireguard',
        'noencap init my-fabric --sites 3 --link zerotier --engine flux --repo-url https://github.com/me/my-fabric.git',
        'noencap init my-fabric --from ~/noencap',
      ),
    )
    .action((folder: string | undefined, options) =>
      run(options, 'init', async (speak) => {
        const wrong = misused(folder, options);
        if (wrong !== undefined) return refuse({ code: 'usage', ...wrong }, speak);
        if (folder === undefined) return (await import('../init.ts')).init(options, speak);
        return (await import('../init-repository.ts')).initRepository(folder, options, speak);
      }),
    );

  withoutTopology(
    root,
    'upgrade',
    'Renew the files of this repository that noencap owns, after an update of noencap; show how.',
  )
    .option('--check', 'write nothing; exit 1 if there is something to renew', false)
    .addHelpText('after', examples('noencap upgrade', 'noencap upgrade --check'))
    .action((options) =>
      run(options, options.check ? 'upgrade --check' : 'upgrade', async (speak) =>
        (await import('../upgrade.ts')).upgrade(options, speak),
      ),
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

/** A topology alone has a file, a repository has the rest; neither is silently left out. */
function misused(
  folder: string | undefined,
  { topology, ...options }: Readonly<Record<string, unknown>>,
): { message: string; fix: string } | undefined {
  if (folder === undefined) {
    const given = ['name', 'sites', 'link', 'engine', 'router', 'repoUrl', 'from'].find(
      (option) => options[option] !== undefined,
    );
    if (given === undefined) return undefined;
    const flag = `--${given.replace('U', '-u')}`;
    return {
      message: `${flag} is about a repository`,
      fix: `Name its folder: ${NOENCAP} init my-fabric ${flag} ...`,
    };
  }
  return topology === 'topology.yaml'
    ? undefined
    : {
        message: 'A repository has its topology in topology.yaml',
        fix: 'Leave out --topology, or the folder to write the topology alone.',
      };
}
