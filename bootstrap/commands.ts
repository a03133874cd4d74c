import type { Engine } from './engine.ts';
import type { Awaited, BootstrapPlan, BootstrapStep } from './plan.ts';

/**
 * What both engines do, under the engine's own name. They force conflicts as well: what git says wins over K3s' deploy
 * controller, which applied the first copy, over a hand, and over the operator, which only fills in what git leaves out.
 */
export const applyArguments = (engine: Engine, folder: string): string[] => [
  'apply',
  '--server-side',
  '--force-conflicts',
  `--field-manager=${engine.fieldManager}`,
  '-k',
  folder,
];

/** Long enough for images from a slow mirror; who waits longer runs it again. */
export const PATIENCE_MINUTES = 10;

/** The plan for a shell, each command once. */
export function planText(plan: BootstrapPlan): string {
  const blocks = plan.steps.map((step) => [`# ${step.title}`, ...stepCommands(plan, step)].join('\n'));
  const { name, engine, firstServer } = plan;
  return [
    `# ${name}: from an empty cluster to one that ${engine.title} syncs. Each command can be run again.
# They change the cluster of kubectl's current context:
kubectl config current-context`,
    ...blocks,
    `# On ${firstServer}, so that K3s leaves all this to ${engine.title} from now on:
#   sh install.sh`,
  ].join('\n\n');
}

/** A step as shell commands; comments where no shell can do it well. */
export function stepCommands({ engine }: BootstrapPlan, step: BootstrapStep): string[] {
  switch (step.kind) {
    case 'apply':
      return [kubectl(applyArguments(engine, step.folder))];
    case 'wait':
      return waitCommands(step.for);
    case 'secrets':
      return [
        kubectl(['get', 'secret', '-n', step.namespace, ...step.names, '-o', 'name']),
        '# Of each that is not found:',
        ...step.names.map((name) => `#   ${createSecret(step.namespace, name)}`),
      ];
    case 'hand-over':
      return [
        '# What K3s applied first it would own together with the engine, and a field that git drops would stay.',
        '# bin/noencap bootstrap --run takes it off; it finds the rest done.',
      ];
    case 'installed':
      return [
        kubectl(['get', 'crd', ...step.engine.kinds]),
        '# If that finds nothing:',
        ...step.engine.install.map((command) => `#   ${command}`),
      ];
  }
}

/** From what `docker login` wrote: no password stands in a command. */
export const createSecret = (namespace: string, name: string): string =>
  `kubectl create secret generic -n ${namespace} ${name} --type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=$HOME/.docker/config.json`;

/** `kubectl wait` ends at once where there is no object yet: hence the wait for its creation (kubectl 1.31). */
function waitCommands({ resource, namespace, names, condition }: Awaited): string[] {
  const targets = names.map((name) => `${resource}/${name}`);
  const waitFor = (what: string) =>
    listedCommand(
      [
        'wait',
        `--for=${what}`,
        `--timeout=${PATIENCE_MINUTES}m`,
        ...(namespace === undefined ? [] : ['-n', namespace]),
      ],
      targets,
    );
  // Jobs are there since their layer was applied.
  return [...(resource === 'job' ? [] : [waitFor('create')]), waitFor(`condition=${condition}`)];
}

const kubectl = (args: readonly string[]): string => ['kubectl', ...args].map(shellWord).join(' ');

/** Several names stand in lines of their own. */
const listedCommand = (args: readonly string[], names: readonly string[]): string =>
  names.length === 1
    ? kubectl([...args, ...names])
    : [kubectl(args), ...names.map(shellWord)].join(' \\\n  ');

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
