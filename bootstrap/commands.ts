import { NOENCAP } from '../topology/own-command.ts';
import { shellWord as quoted } from '../topology/shell-word.ts';
import type { Engine } from './engine.ts';
import type { Awaited, BootstrapPlan, BootstrapStep } from './plan.ts';

/**
 * The same as both engines do, under the engine's own name. They also force conflicts: git wins over K3s' deploy
 * controller, which applied the first copy, over manual changes, and over the operator, which only fills in what git omits.
 */
export const applyArguments = (engine: Engine, folder: string): string[] => [
  'apply',
  '--server-side',
  '--force-conflicts',
  `--field-manager=${engine.fieldManager}`,
  '-k',
  folder,
];

/** Long enough for images from a slow mirror; if it takes longer, run it again. */
export const PATIENCE_MINUTES = 10;

/** The plan as shell commands, each once. */
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

/** A step as shell commands, or as comments if a shell cannot do it well. */
export function stepCommands({ engine }: BootstrapPlan, step: BootstrapStep): string[] {
  switch (step.kind) {
    case 'apply':
      return [kubectl(applyArguments(engine, step.folder))];
    case 'wait':
      return waitCommands(step.for);
    case 'secrets':
      return [
        kubectl(['get', 'secret', '-n', step.namespace, ...step.names, '-o', 'name']),
        '# For each that is not found:',
        ...step.names.map((name) => `#   ${createSecret(step.namespace, name)}`),
      ];
    case 'hand-over':
      return [
        '# K3s would share ownership of what it applied first with the engine, and a field removed from git would stay.',
        `# ${NOENCAP} bootstrap --run removes that ownership, and skips the steps that are done.`,
      ];
    case 'installed':
      return [
        kubectl(['get', 'crd', ...step.engine.kinds]),
        '# If that finds nothing:',
        ...step.engine.install.map((command) => `#   ${command}`),
      ];
  }
}

/** From the file that `docker login` wrote, so that no command contains a password. */
export const createSecret = (namespace: string, name: string): string =>
  `kubectl create secret generic -n ${namespace} ${name} --type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=$HOME/.docker/config.json`;

/** `kubectl wait` exits at once if the object does not exist yet: hence the wait for its creation (kubectl 1.31). */
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
  // Jobs exist since their layer was applied.
  return [...(resource === 'job' ? [] : [waitFor('create')]), waitFor(`condition=${condition}`)];
}

const kubectl = (args: readonly string[]): string => ['kubectl', ...args].map(shellWord).join(' ');

/** Several names go on separate lines. */
const listedCommand = (args: readonly string[], names: readonly string[]): string =>
  names.length === 1
    ? kubectl([...args, ...names])
    : [kubectl(args), ...names.map(shellWord)].join(' \\\n  ');

const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text));
