import type { KubernetesObject } from '../charts/upstream.ts';

type State = 'True' | 'False' | 'Unknown';

/** A condition as the operator writes it. */
export const condition = (type: string, status: State, observedGeneration?: number, message = '') => ({
  type,
  status,
  reason: status === 'True' ? 'AllObjectsAvailable' : 'Unknown',
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
});

const conditions = (good: string, states: readonly State[], generation?: number) =>
  [good, 'Progressing', 'Degraded'].map((type, at) =>
    condition(
      type,
      states[at] ?? 'Unknown',
      generation,
      type === 'Degraded' && states[at] === 'True' ? 'pod calico-node-x is in ImagePullBackOff' : '',
    ),
  );

const object = (kind: string, name: string, generation: number, status?: object): KubernetesObject => ({
  apiVersion: 'operator.tigera.io/v1',
  kind,
  metadata: { name, generation } as KubernetesObject['metadata'],
  spec: {},
  ...(status === undefined ? {} : { status }),
});

const installation = (generation: number, status?: object) =>
  object('Installation', 'default', generation, status);
const tigeraStatus = (status?: object) => object('TigeraStatus', 'calico', 1, status);
const apiServer = (status?: object) => object('APIServer', 'default', 1, status);

/** An object in a state that a cluster goes through, and the verdict that Argo CD (Lua) and Flux (CEL, if it checks) must give. */
export const STATES: Readonly<
  Record<string, { object: KubernetesObject; argoCd: string; flux?: 'waits' | 'goes on' }>
> = {
  'an Installation that the operator has not seen': {
    object: installation(1),
    argoCd: 'Progressing',
    flux: 'waits',
  },
  'an Installation with an empty status': {
    object: installation(1, {}),
    argoCd: 'Progressing',
    flux: 'waits',
  },
  'an Installation whose status has all but conditions': {
    object: installation(1, { variant: 'Calico', mtu: 1370 }),
    argoCd: 'Progressing',
    flux: 'waits',
  },
  'an Installation that comes up': {
    object: installation(2, { conditions: conditions('Ready', ['False', 'True', 'False'], 2) }),
    argoCd: 'Progressing',
    flux: 'waits',
  },
  'an Installation whose images are not to be had': {
    object: installation(2, { conditions: conditions('Ready', ['False', 'True', 'True'], 2) }),
    argoCd: 'Degraded',
    flux: 'waits',
  },
  'an Installation that was ready and is degraded': {
    object: installation(2, { conditions: conditions('Ready', ['True', 'False', 'True'], 2) }),
    argoCd: 'Degraded',
    flux: 'waits',
  },
  'an Installation that is ready': {
    object: installation(2, { conditions: conditions('Ready', ['True', 'False', 'False'], 2), mtu: 1370 }),
    argoCd: 'Healthy',
    flux: 'goes on',
  },
  'an Installation that was ready before its spec changed': {
    object: installation(3, { conditions: conditions('Ready', ['True', 'False', 'False'], 2) }),
    argoCd: 'Progressing',
    flux: 'waits',
  },
  'an Installation that was degraded before its spec was mended': {
    object: installation(3, { conditions: conditions('Ready', ['False', 'False', 'True'], 2) }),
    argoCd: 'Progressing',
    flux: 'waits',
  },
  'an Installation of an operator that tells no generation': {
    object: installation(3, { conditions: conditions('Ready', ['True', 'False', 'False']) }),
    argoCd: 'Healthy',
    flux: 'goes on',
  },
  'an Installation of an operator that tells generation 0': {
    object: installation(3, { conditions: conditions('Ready', ['True', 'False', 'False'], 0) }),
    argoCd: 'Healthy',
    flux: 'goes on',
  },
  'an Installation of which nothing is known': {
    object: installation(1, { conditions: conditions('Ready', ['Unknown', 'Unknown', 'Unknown'], 1) }),
    argoCd: 'Progressing',
    flux: 'waits',
  },
  'a TigeraStatus without conditions': { object: tigeraStatus({}), argoCd: 'Progressing', flux: 'waits' },
  'a TigeraStatus that is none yet': { object: tigeraStatus(), argoCd: 'Progressing', flux: 'waits' },
  'a TigeraStatus that comes up': {
    object: tigeraStatus({ conditions: conditions('Available', ['False', 'True', 'False'], 4) }),
    argoCd: 'Progressing',
    flux: 'waits',
  },
  'a TigeraStatus that is degraded': {
    object: tigeraStatus({ conditions: conditions('Available', ['True', 'False', 'True'], 4) }),
    argoCd: 'Degraded',
    flux: 'waits',
  },
  'a TigeraStatus that is available, whatever generation its Installation has': {
    object: tigeraStatus({ conditions: conditions('Available', ['True', 'False', 'False'], 4) }),
    argoCd: 'Healthy',
    flux: 'goes on',
  },
  'an APIServer of v3.26, which has a state alone': {
    object: apiServer({ state: 'Ready' }),
    argoCd: 'Healthy',
  },
  'an APIServer without anything': { object: apiServer(), argoCd: 'Progressing' },
  'an APIServer that is not ready by its conditions': {
    object: apiServer({ state: 'Ready', conditions: conditions('Ready', ['False', 'True', 'False'], 1) }),
    argoCd: 'Progressing',
  },
  'an APIServer that is ready by its conditions': {
    object: apiServer({ conditions: conditions('Ready', ['True', 'False', 'False'], 1) }),
    argoCd: 'Healthy',
  },
};

const application = (project: string, status?: object): KubernetesObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'a' },
  spec: { project },
  ...(status === undefined ? {} : { status }),
});

const child = (health: string | undefined, sync?: string, project = 'noencap') =>
  application(project, {
    ...(health === undefined ? {} : { health: { status: health, message: 'because' } }),
    ...(sync === undefined ? {} : { sync: { status: sync } }),
  });

/** The same for Applications: [what it is, the Application, its health]. */
export const APPLICATIONS: readonly [string, KubernetesObject, string][] = [
  ['that nobody has looked at', application('noencap'), 'Progressing'],
  ['with an empty status', application('noencap', {}), 'Progressing'],
  ['that is healthy and synced', child('Healthy', 'Synced'), 'Healthy'],
  ['whose objects the bootstrap has brought', child('Healthy', 'OutOfSync'), 'Progressing'],
  ['that has not been compared', child('Healthy'), 'Progressing'],
  ['whose objects are missing', child('Missing', 'OutOfSync'), 'Progressing'],
  ['that is degraded while it starts', child('Degraded', 'Synced'), 'Progressing'],
  ['that somebody suspended', child('Suspended', 'Synced'), 'Suspended'],
  ["of another project, degraded: it is none of noencap's", child('Degraded', 'Synced', 'shop'), 'Degraded'],
  ['of another project, healthy and not synced', child('Healthy', 'OutOfSync', 'shop'), 'Healthy'],
];
