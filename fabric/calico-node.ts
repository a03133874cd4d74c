import { calicoHas } from '../calico/releases.ts';
import type { Fabric } from './fabric.ts';

/**
 * Settings of the Installation that the operator puts into the pods of the DaemonSet calico-node, or into a hash of its CNI configuration on
 * them: if one of these changes, every node gets a new calico-node, and its BIRD restarts.
 */
export function calicoNode({ calico, pods }: Fabric): ReadonlyMap<string, string> {
  return new Map([
    ['calico-node', calico.version],
    ['registry', calico.registry ?? "Calico's own"],
    ['image pull secrets', calico.imagePullSecrets.join(', ') || 'none'],
    ['MTU of pods', pods.mtu === undefined ? "the hosts' own" : String(pods.mtu)],
    ['address detection', detection(calico.nodeAddress)],
    ['families of pods', pods.families.join(', ')],
    ['IP forwarding in containers', calico.containerIPForwarding ? 'on' : 'off'],
  ]);
}

/** From v3.32 a route carries the kernel's metric to other nodes as LOCAL_PREF, and back (calico#12089). */
export const carriesMetric = ({ calico }: Fabric): boolean => calicoHas(calico.version, 'metricAsPreference');

/** Which of these differ between two fabrics. */
export function calicoNodeChanges(before: Fabric, after: Fabric): string[] {
  const was = calicoNode(before);
  return [...calicoNode(after)].filter(([key, value]) => was.get(key) !== value).map(([key]) => key);
}

function detection(how: Fabric['calico']['nodeAddress']): string {
  switch (how.method) {
    case 'interface':
      return `interface ${how.interface}`;
    case 'canReach':
      return `canReach ${how.address}`;
    case 'cidrs':
      return `cidrs ${how.cidrs.map(({ text }) => text).join(' ')}`;
    default:
      return how.method;
  }
}
