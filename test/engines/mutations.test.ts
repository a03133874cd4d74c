import { engineFiles } from '../charts/topologies.ts';
import type { KubernetesObject } from '../charts/upstream.ts';
import { type Outcome, replayArgoCd } from './argocd.ts';
import { replayFlux } from './flux.ts';
import { edited, type Files } from './folder.ts';
import { TOPOLOGIES } from './topologies.ts';

/** Possible gaps in a rendering: each must show in the replay, or the replay proves nothing. */
interface Mutation {
  readonly path: string;
  readonly edit: (object: KubernetesObject) => void;
  /** A part of the replay's message. */
  readonly message: string;
}

const WAVE = 'argocd.argoproj.io/sync-wave';
const HEALTH = 'resource.customizations.health.';
const layer = (engine: 'argocd' | 'flux', name: string) => `gitops/${engine}/layers/${name}.yaml`;
const withoutWave = ({ metadata }: KubernetesObject) => {
  delete (metadata.annotations as Record<string, string>)[WAVE];
};
const withoutCheck = (kind: string) => (object: KubernetesObject) => {
  if (object.kind === 'ConfigMap') delete object.data[`${HEALTH}${kind}`];
};
const withoutFlag = (object: KubernetesObject) => {
  if (object.kind === 'Deployment') object.spec.template.spec.containers[0].args = [];
};

/** The child's own health, and nothing about its sync. */
const DOCUMENTED = `\
if obj.status ~= nil and obj.status.health ~= nil then
  return { status = obj.status.health.status, message = "" }
end
return { status = "Progressing", message = "" }
`;

const ARGO_CD: Readonly<Record<string, Mutation>> = {
  'the Installation in the first wave': {
    path: layer('argocd', 'installation'),
    edit: withoutWave,
    message: 'installation is applied before Deployment.apps tigera-operator/tigera-operator',
  },
  'the labels in the first wave': {
    path: layer('argocd', 'node-labels'),
    edit: withoutWave,
    message: 'node-labels is applied before Installation.operator.tigera.io /default',
  },
  'BGP in the first wave': {
    path: layer('argocd', 'bgp'),
    edit: withoutWave,
    message: 'bgp is applied before',
  },
  'no health of Applications, as in Argo CD by itself': {
    path: 'gitops/argocd/argocd-cm.yaml',
    edit: withoutCheck('argoproj.io_Application'),
    message: 'installation is applied before',
  },
  "the health of Applications that Argo CD's documentation suggests": {
    path: 'gitops/argocd/argocd-cm.yaml',
    edit: ({ data }) => {
      data[`${HEALTH}argoproj.io_Application`] = DOCUMENTED;
    },
    message: 'node-labels is applied before Installation.operator.tigera.io /default',
  },
  'no health of the Installation, nor of the APIServer that stands on it': {
    path: 'gitops/argocd/argocd-cm.yaml',
    edit: (object) => {
      withoutCheck('operator.tigera.io_Installation')(object);
      withoutCheck('operator.tigera.io_APIServer')(object);
    },
    message: 'node-labels is applied before Installation.operator.tigera.io /default',
  },
  'no health of the APIServer': {
    path: 'gitops/argocd/argocd-cm.yaml',
    edit: withoutCheck('operator.tigera.io_APIServer'),
    message: 'node-labels is applied before APIServer.operator.tigera.io /default',
  },
  'no second try': {
    path: layer('argocd', 'installation'),
    edit: ({ spec }) => delete spec.syncPolicy.retry,
    message: 'noencap-installation: OutOfSync, Healthy no matches for kind "Installation"',
  },
  'nobody who starts a sync': {
    path: layer('argocd', 'operator'),
    edit: ({ spec }) => delete spec.syncPolicy.automated,
    message: 'noencap-operator: OutOfSync',
  },
  'an operator that does not bring CRDs': {
    path: 'cluster/00-operator/operator.yaml',
    edit: withoutFlag,
    message: 'noencap-operator: Synced, Progressing',
  },
  'a project that allows no Installation': {
    path: 'gitops/argocd/project.yaml',
    edit: ({ spec }) => {
      spec.clusterResourceWhitelist = spec.clusterResourceWhitelist.filter(
        ({ kind }: { kind: string }) => kind !== 'Installation',
      );
    },
    message: 'project does not permit Installation.operator.tigera.io /default',
  },
  'a project of another repository': {
    path: 'gitops/argocd/project.yaml',
    edit: ({ spec }) => (spec.sourceRepos = ['https://git.example/other.git']),
    message: 'project does not permit https://github.com/example',
  },
  'a health check that Lua cannot read': {
    path: 'gitops/argocd/argocd-cm.yaml',
    edit: ({ data }) => (data[`${HEALTH}argoproj.io_Application`] = 'return {'),
    message: 'unexpected symbol',
  },
};

const FLUX: Readonly<Record<string, Mutation>> = {
  'the Installation after nothing': {
    path: layer('flux', 'installation'),
    edit: ({ spec }) => delete spec.dependsOn,
    message: 'installation is applied before Deployment.apps tigera-operator/tigera-operator',
  },
  'the labels after nothing': {
    path: layer('flux', 'node-labels'),
    edit: ({ spec }) => delete spec.dependsOn,
    message: 'node-labels is applied before Installation.operator.tigera.io /default',
  },
  'BGP after nothing': {
    path: layer('flux', 'bgp'),
    edit: ({ spec }) => delete spec.dependsOn,
    message: 'bgp is applied before Job.batch',
  },
  'an operator that counts as ready when its Deployment is': {
    path: layer('flux', 'operator'),
    edit: ({ spec }) => {
      spec.healthChecks = spec.healthChecks.slice(0, 1);
    },
    message: 'Installation of operator.tigera.io/v1 is applied before it is served',
  },
  'an operator that is waited for instead of checked': {
    path: layer('flux', 'operator'),
    edit: ({ spec }) => (spec.wait = true),
    message: 'Installation of operator.tigera.io/v1 is applied before it is served',
  },
  'no health checks of the Installation': {
    path: layer('flux', 'installation'),
    edit: ({ spec }) => delete spec.healthChecks,
    message: 'node-labels is applied before Installation.operator.tigera.io /default',
  },
  'no expressions: what is there is current': {
    path: layer('flux', 'installation'),
    edit: ({ spec }) => {
      delete spec.healthCheckExprs;
      spec.healthChecks = spec.healthChecks.filter(
        ({ kind, name }: { kind: string; name: string }) => kind === 'TigeraStatus' && name === 'calico',
      );
    },
    message: 'node-labels is applied before Installation.operator.tigera.io /default',
  },
  "no look at Calico's own API server": {
    path: layer('flux', 'installation'),
    edit: ({ spec }) => {
      spec.healthChecks = spec.healthChecks.filter(({ name }: { name: string }) => name !== 'apiserver');
    },
    message: 'node-labels is applied before APIServer.operator.tigera.io /default',
  },
  'labels that nobody waits for': {
    path: layer('flux', 'node-labels'),
    edit: ({ spec }) => delete spec.wait,
    message: 'bgp is applied before Job.batch',
  },
  'an operator that does not bring CRDs': {
    path: 'cluster/00-operator/operator.yaml',
    edit: withoutFlag,
    message: 'noencap-operator: waits for Deployment.apps tigera-operator/tigera-operator',
  },
  'a source of another name': {
    path: 'gitops/flux/source.yaml',
    edit: ({ metadata }) => Object.assign(metadata, { name: 'other' }),
    message: 'no such source',
  },
};

/** The v3 API and passwords: everything that a layer can wait for. */
const files: Files = engineFiles(TOPOLOGIES['passwords with the v3 API']);

function said(replay: (files: Files) => Outcome, { path, edit }: Mutation): string {
  const changed = edited(files, path, (object) => {
    edit(object);
  });
  try {
    const { early, unfinished } = replay(changed);
    return [...early, ...unfinished].join('\n');
  } catch (error) {
    return String(error);
  }
}

describe('A replay of Argo CD notices', () => {
  test('nothing about what is rendered', () => {
    expect(replayArgoCd(files)).toMatchObject({ early: [], unfinished: [] });
  });

  test.each(Object.entries(ARGO_CD))('%s', (_name, mutation) => {
    expect(said(replayArgoCd, mutation)).toContain(mutation.message);
  });
});

describe('A replay of Flux notices', () => {
  test('nothing about what is rendered', () => {
    expect(replayFlux(files)).toMatchObject({ early: [], unfinished: [] });
  });

  test.each(Object.entries(FLUX))('%s', (_name, mutation) => {
    expect(said(replayFlux, mutation)).toContain(mutation.message);
  });
});
