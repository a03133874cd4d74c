/** What npm installs beside noencap, at the versions that noencap itself is built with. */
export interface Versions {
  readonly noencap: string;
  /** Of each of `CHART_PACKAGES` and `TOOL_PACKAGES`. */
  readonly packages: Readonly<Record<string, string>>;
}

/** One instance of each serves noencap and the charts of a user: the versions must be noencap's. */
export const CHART_PACKAGES = ['cdk8s', 'cdk8s-plus-28', 'constructs'] as const;
/** For the editor and `npm run types`. */
export const TOOL_PACKAGES = ['@types/node', 'typescript'] as const;

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export const packageJson = (name: string, { noencap, packages }: Versions): string =>
  json({
    // Never that of a package that is installed into it, such as noencap.
    name: name.endsWith('-fabric') ? name : `${name}-fabric`,
    private: true,
    description: `The pod network ${name}, rendered by noencap`,
    type: 'module',
    engines: { node: '>=20.19' },
    scripts: {
      check: 'noencap check && noencap synth --check',
      synth: 'noencap synth',
      lab: 'noencap lab',
      types: 'tsc -p .',
    },
    dependencies: sorted({ noencap, ...pick(packages, CHART_PACKAGES) }),
    devDependencies: sorted(pick(packages, TOOL_PACKAGES)),
  });

const pick = (packages: Versions['packages'], names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.map((name) => {
      const version = packages[name];
      if (version === undefined) throw new Error(`noencap's package.json has no ${name}`);
      return [name, version];
    }),
  );

const sorted = (versions: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Types are stripped, not compiled: only what can be stripped is allowed. */
export const TSCONFIG = json({
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    types: ['node'],
    noEmit: true,
    strict: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  },
  include: ['main.ts', 'charts'],
});

export const CDK8S_YAML = `# For \`npx --package cdk8s-cli cdk8s synth\`, which empties its output folder before it runs the app. dist/ must survive a failed
# run, so cdk8s gets a folder of its own; noencap writes the same manifests there and into dist/.
language: typescript
app: noencap cdk8s
output: .cache/cdk8s
`;

export const GITIGNORE = `node_modules/
.cache/
*.log
`;

export const GITATTRIBUTES = `# dist/ is compared byte for byte: the same on every machine.
* text=auto eol=lf
`;

export const NPMRC = `save-exact=true
fund=false
`;

export const MAIN = `import type { App } from 'cdk8s';
import { clusterApp, type Fabric } from 'noencap';
// import { NetworkFacts } from './charts/network-facts.ts';

/** What dist/cluster and dist/gitops are rendered from. A chart of your own goes after the first line. */
export default function app(fabric: Fabric): App {
  const app = clusterApp(fabric);
  // new NetworkFacts(app, fabric);
  return app;
}
`;

export const EXAMPLE_CHART = `import type { App } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { type Fabric, ManifestChart } from 'noencap';

/**
 * An example of a chart of your own: a ConfigMap with the nodes of each region. Not rendered before main.ts uses it. Its file is in
 * the folder of a layer of dist/cluster, which says when an engine applies it.
 */
export class NetworkFacts extends ManifestChart {
  constructor(app: App, fabric: Fabric) {
    super(app, 'cluster/30-bgp/network-facts.yaml');
    new k8s.KubeConfigMap(this, 'facts', {
      metadata: { name: 'network-facts', namespace: 'calico-system' },
      data: Object.fromEntries(
        fabric.regions.map(({ name, nodes }) => [name, nodes.map((node) => node.name).join(' ')]),
      ),
    });
  }
}
`;

export const KNOWN_HOSTS = `# Host keys of the routers: noencap delivers to no router whose key is not here. Read each at the router's console:
#   sed 's/^/SSH-HOST /' /etc/ssh/ssh_host_ed25519_key.pub
# SSH-HOST is routers.<name>.ssh.host of topology.yaml, as it stands there.
`;

/** `owner`: of the repository on GitHub, if it is known to be there. */
export const codeOwners = (owner: string | undefined): string => {
  const [note, who] =
    owner === undefined
      ? ['# Put your own name here, as @NAME or @ORGANISATION/TEAM, and take the # away:', '# *  @YOUR-NAME']
      : [
          '# An organisation owns nothing: name one of its teams instead, as @ORGANISATION/TEAM.',
          `*  @${owner}`,
        ];
  return `# Who must approve a change. A pull request is reviewed by its own code: whoever changes main.ts, a chart, a workflow or package.json
# can make the review say anything, so everything needs an owner.
${note}
${who}
`;
};

/** noencap, Calico, K3s and the actions, and nothing else; the packages of the charts follow noencap by \`noencap upgrade\`. */
export const renovate = (carried: readonly string[]): string =>
  json({
    $schema: 'https://docs.renovatebot.com/renovate-schema.json',
    extends: ['config:recommended', 'helpers:pinGitHubActionDigests'],
    dependencyDashboard: true,
    separateMultipleMinor: true,
    minimumReleaseAge: '7 days',
    internalChecksFilter: 'strict',
    rangeStrategy: 'pin',
    enabledManagers: ['npm', 'github-actions', 'custom.regex'],
    customManagers: [
      {
        customType: 'regex',
        description: 'Calico, in topology.yaml',
        managerFilePatterns: ['/^topology\\.ya?ml$/'],
        matchStrings: ['\\bversion:\\s*["\']?(?<currentValue>v3\\.\\d+\\.\\d+)["\']?(?:[\\s,}]|$)'],
        depNameTemplate: 'projectcalico/calico',
        datasourceTemplate: 'github-releases',
        versioningTemplate: 'semver',
      },
      {
        customType: 'regex',
        description: 'K3s, in topology.yaml: a release is a Kubernetes version and a build of it',
        managerFilePatterns: ['/^topology\\.ya?ml$/'],
        matchStrings: [
          '\\bversion:\\s*["\']?(?<currentValue>v\\d+\\.\\d+\\.\\d+\\+k3s\\d+)["\']?(?:[\\s,}]|$)',
        ],
        depNameTemplate: 'k3s-io/k3s',
        datasourceTemplate: 'github-releases',
        versioningTemplate: 'regex:^v(?<major>\\d+)\\.(?<minor>\\d+)\\.(?<patch>\\d+)\\+k3s(?<build>\\d+)$',
      },
    ],
    packageRules: [
      {
        description: 'Of npm only noencap: what its charts need has the versions that it has',
        matchManagers: ['npm'],
        matchPackageNames: ['!noencap'],
        enabled: false,
      },
      {
        description: 'noencap: render on its branch, and the pull request shows what it renders otherwise',
        matchManagers: ['npm'],
        matchPackageNames: ['noencap'],
        addLabels: ['noencap'],
        prBodyNotes: [
          'On this branch: `npm ci && npx noencap upgrade && npm install && npx noencap synth`, and commit.',
        ],
      },
      {
        description: 'Calico in the versions that this noencap carries the operator of',
        matchDepNames: ['projectcalico/calico'],
        allowedVersions: `/^v(${carried.map((one) => one.slice(1).replaceAll('.', '\\.')).join('|')})$/`,
        addLabels: ['calico'],
        prBodyNotes: [
          'The operator comes first, then one node after the other. Render dist on this branch: `npx noencap synth`.',
        ],
      },
      {
        description:
          'K3s, one Kubernetes minor after the other: the kubelet may not be newer than the API server',
        matchDepNames: ['k3s-io/k3s'],
        addLabels: ['k3s'],
        prBodyNotes: [
          "Servers first, then agents: run each node's install script again. Render dist on this branch: `npx noencap synth`.",
        ],
      },
      {
        description:
          'The actions of the workflows follow noencap, whose upgrade leaves alone what somebody else has edited',
        matchManagers: ['github-actions'],
        groupName: 'actions',
        pinDigests: true,
        minimumReleaseAge: '14 days',
      },
    ],
  });
