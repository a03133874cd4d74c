/** Has sh and iputils, for amd64 and arm64. */
export const PROBE_IMAGE =
  'docker.io/nicolaka/netshoot:v0.13@sha256:a20c2531bf35436ed3766cd6cfe89d352b050ccc4d7005ce6400adf97503da1b';

/** The namespaces of the pods: those of the pod network, and those of the hosts. */
export const NAMESPACE = 'noencap-probe';
export const HOST_NAMESPACE = 'noencap-probe-hosts';

/** Who ends noencap before it has removed its pods reads this. */
export const leftBehind = (namespace: string): string =>
  `Pods may be left. Kubernetes ends them within 15 minutes; to remove them now: kubectl delete namespace ${namespace}`;
