/** What the restricted and the baseline PodSecurity want of a pod, as far as its fields go that noencap may set. */

export interface PodSpec {
  readonly nodeName: string;
  readonly hostNetwork?: boolean;
  readonly activeDeadlineSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly seccompProfile?: { readonly type: string };
    readonly sysctls?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly command: readonly string[];
    readonly securityContext: {
      readonly allowPrivilegeEscalation?: boolean;
      readonly runAsUser?: number;
      readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] };
    };
  }[];
  readonly volumes: readonly { readonly name: string; readonly emptyDir?: object }[];
}

/** What kubelet sets without being told to allow it. */
export const SAFE_SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
];

/** In the words of the API server. */
export function violations(level: string, spec: PodSpec): string[] {
  if (level === 'privileged') return [];
  const { securityContext: pod, containers } = spec;
  const baseline = [
    ...(spec.hostNetwork === true ? ['host namespaces (hostNetwork=true)'] : []),
    ...(pod.sysctls ?? []).flatMap(({ name }) =>
      SAFE_SYSCTLS.includes(name) ? [] : [`forbidden sysctls (${name})`],
    ),
  ];
  if (level === 'baseline') return baseline;
  const isRoot = pod.runAsUser === 0 || containers.some((one) => one.securityContext.runAsUser === 0);
  return [
    ...baseline,
    ...(containers.every((one) => one.securityContext.allowPrivilegeEscalation === false)
      ? []
      : ['allowPrivilegeEscalation != false']),
    ...(containers.every(
      ({ securityContext: { capabilities } }) =>
        capabilities.drop.includes('ALL') &&
        (capabilities.add ?? []).every((one) => one === 'NET_BIND_SERVICE'),
    )
      ? []
      : ['unrestricted capabilities']),
    ...(pod.runAsNonRoot === true ? [] : ['runAsNonRoot != true']),
    ...(isRoot ? ['runAsUser=0'] : []),
    ...(['RuntimeDefault', 'Localhost'].includes(pod.seccompProfile?.type ?? '') ? [] : ['seccompProfile']),
    ...(spec.volumes.every(({ emptyDir }) => emptyDir !== undefined) ? [] : ['restricted volume types']),
  ];
}
