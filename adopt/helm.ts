import type { Cluster } from './cluster.ts';
import { fieldAt, textOf } from './cluster-objects.ts';

/**
 * What to do if Helm created the Installation. Helm records its releases in Secrets: as long as these exist it may
 * write its values back, or delete everything, upon which the operator removes the pod network. An annotation on the
 * object does not prevent that: Helm reads the annotations of its own copy.
 */
export function helmTodo(cluster: Cluster): string[] {
  const releases = new Map<string, { name: string; namespace: string; what: string }>();
  for (const kind of ['Installation', 'APIServer', 'Deployment']) {
    for (const object of cluster.of(kind)) {
      const [name, namespace] = ['release-name', 'release-namespace'].map((field) =>
        fieldAt(object.value, ['metadata', 'annotations', `meta.helm.sh/${field}`]),
      );
      const isHelms =
        fieldAt(object.value, ['metadata', 'labels', 'app.kubernetes.io/managed-by']) === 'Helm' ||
        name !== undefined;
      const release = { name: textOf(name ?? ''), namespace: textOf(namespace ?? '') };
      const key = JSON.stringify(release);
      if (isHelms && !releases.has(key)) releases.set(key, { ...release, what: `${kind} ${object.name}` });
    }
  }
  return [...releases.values()].map(({ name, namespace, what }) => {
    const isPlain = [name, namespace].every((one) => /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(one));
    const command = isPlain
      ? `kubectl delete secret -n ${namespace} -l owner=helm,name=${name}`
      : "delete the Secrets of its release (label owner=helm) in the release's namespace";
    const release = isPlain ? ` (release ${name} in ${namespace})` : '';
    return `${what} is Helm's${release}: helm upgrade would write its own values back, and helm uninstall would delete it, upon which the operator removes the network from all pods. Before you apply anything, make Helm forget it, which affects nothing that is running: stop whatever runs helm for it (a HelmRelease, an Application), then ${command}`;
  });
}
