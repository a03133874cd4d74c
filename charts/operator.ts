import { type ApiObject, Include, JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { operatorRules } from '../calico/operator-rules.ts';
import { calicoMinor, operatorOf } from '../calico/releases.ts';
import type { Fabric } from '../fabric/index.ts';
import { KEEP } from './guards.ts';
import { ManifestChart } from './manifest-chart.ts';

const FILE = 'cluster/00-operator/operator.yaml';
const NAME = 'tigera-operator';

/** The Tigera operator as in upstream's manifest; it installs and upgrades Calico's CRDs itself (-manage-crds). */
export class Operator extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric) {
    super(scope, FILE);
    const operator = operatorOf(fabric.calico.version);
    if (operator === undefined) throw new Error(`no operator for Calico ${fabric.calico.version}`);
    const metadata = (name: string, namespaced: boolean): k8s.ObjectMeta => ({
      name,
      labels: { 'k8s-app': NAME },
      annotations: KEEP,
      ...(namespaced ? { namespace: NAME } : {}),
    });
    const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: NAME }];
    const roleRef = (name: string) => ({ kind: 'ClusterRole', name, apiGroup: 'rbac.authorization.k8s.io' });

    new k8s.KubeNamespace(this, 'namespace', {
      metadata: {
        name: NAME,
        labels: { name: NAME, 'pod-security.kubernetes.io/enforce': 'privileged' },
        annotations: KEEP,
      },
    });
    new k8s.KubeServiceAccount(this, 'account', {
      metadata: metadata(NAME, true),
      imagePullSecrets: fabric.calico.imagePullSecrets.map((name) => ({ name })),
    });
    new k8s.KubeClusterRole(this, 'secrets-role', {
      metadata: metadata(`${NAME}-secrets`, false),
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['create', 'update', 'delete'] }],
    });
    new k8s.KubeClusterRole(this, 'role', {
      metadata: metadata(NAME, false),
      rules: operatorRules(calicoMinor(fabric.calico.version)),
    });
    new k8s.KubeClusterRoleBinding(this, 'binding', {
      metadata: metadata(NAME, false),
      subjects,
      roleRef: roleRef(NAME),
    });
    new k8s.KubeRoleBinding(this, 'secrets-binding', {
      metadata: metadata(`${NAME}-secrets`, true),
      subjects,
      roleRef: roleRef(`${NAME}-secrets`),
    });
    new k8s.KubeDeployment(this, 'deployment', {
      metadata: metadata(NAME, true),
      spec: {
        replicas: 1,
        selector: { matchLabels: { name: NAME } },
        template: {
          metadata: { labels: { name: NAME, 'k8s-app': NAME } },
          spec: podSpec(`${fabric.calico.registry ?? 'quay.io'}/tigera/operator:${operator}`, operator),
        },
      },
    });
  }
}

/** Runs on the host network and tolerates every taint: it must start on a node that has no pod network yet. */
function podSpec(image: string, version: string): k8s.PodSpec {
  return {
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [
      { effect: 'NoExecute', operator: 'Exists' },
      { effect: 'NoSchedule', operator: 'Exists' },
    ],
    serviceAccountName: NAME,
    terminationGracePeriodSeconds: 60,
    hostNetwork: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    containers: [
      {
        name: NAME,
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['operator'],
        args: ['-manage-crds=true'],
        volumeMounts: [{ name: 'var-lib-calico', readOnly: true, mountPath: '/var/lib/calico' }],
        env: [
          { name: 'WATCH_NAMESPACE', value: '' },
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'OPERATOR_NAME', value: NAME },
          { name: 'TIGERA_OPERATOR_INIT_IMAGE_VERSION', value: version },
        ],
        envFrom: [{ configMapRef: { name: 'kubernetes-services-endpoint', optional: true } }],
      },
    ],
    volumes: [{ name: 'var-lib-calico', hostPath: { path: '/var/lib/calico' } }],
  };
}

/**
 * The operator of an older Calico, from a vendored manifest whose sha256 the topology pins. `path` is
 * absolute. CRDs come first: those versions do not install their own.
 */
export class VendoredOperator extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric, path: string) {
    super(scope, FILE);
    const { apiObjects } = new Include(this, 'manifest', { url: path });
    const secrets = fabric.calico.imagePullSecrets.map((name) => ({ name }));
    const crds = apiObjects.filter(({ kind }) => kind === 'CustomResourceDefinition');
    for (const object of apiObjects) {
      for (const [key, value] of Object.entries(KEEP)) object.metadata.addAnnotation(key, value);
      if (object.kind === 'Deployment') rewriteImages(object, fabric.calico.registry);
      if (object.kind === 'ServiceAccount' && secrets.length > 0) {
        object.addJsonPatch(JsonPatch.add('/imagePullSecrets', secrets));
      }
      if (!crds.includes(object)) object.addDependency(...crds);
    }
  }
}

function rewriteImages(deployment: ApiObject, registry: string | undefined): void {
  if (registry === undefined) return;
  const { spec } = deployment.toJson() as { spec?: { template?: { spec?: Partial<k8s.PodSpec> } } };
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, { image }] of (spec?.template?.spec?.[list] ?? []).entries()) {
      if (image === undefined) continue;
      const place = `/spec/template/spec/${list}/${index}/image`;
      deployment.addJsonPatch(JsonPatch.replace(place, `${registry}/${pathOf(image)}`));
    }
  }
}

/** The first part of an image is a registry if it could be a host: containerd's and Docker's rule. */
function pathOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? rest.join('/') : image;
}
