import type { Kubectl } from './kubectl.ts';

/** kubectl's output for one kind: JSON of a List, or of one object. */
export interface PrintedObjects {
  readonly args: readonly string[];
  readonly json: string;
}

export type RunningObjects =
  | { readonly ok: true; readonly printed: readonly PrintedObjects[] }
  | { readonly ok: false; readonly message: string; readonly fix: string };

/** What adopt reads from a cluster, with `get` only. A kind that a cluster may lack has an alternative, or none. */
const READ: readonly (readonly (readonly string[])[])[] = [
  [['nodes']],
  [['installations.operator.tigera.io']],
  [['ippools.crd.projectcalico.org'], ['ippools.projectcalico.org']],
  [['bgppeers.crd.projectcalico.org'], ['bgppeers.projectcalico.org']],
  [['bgpconfigurations.crd.projectcalico.org'], ['bgpconfigurations.projectcalico.org']],
  [['bgpfilters.crd.projectcalico.org'], ['bgpfilters.projectcalico.org'], []],
  [['blockaffinities.crd.projectcalico.org'], ['blockaffinities.projectcalico.org'], []],
  [['apiservers.operator.tigera.io'], []],
  [['servicecidrs.networking.k8s.io'], []],
  [['daemonsets.apps', '--namespace=calico-system', '--field-selector=metadata.name=calico-node']],
  [['deployments.apps', '--namespace=tigera-operator', '--field-selector=metadata.name=tigera-operator']],
];

/** The objects of the cluster of kubectl's current context. Nothing is written, and no Secret is read. */
export async function runningObjects(kubectl: Kubectl): Promise<RunningObjects> {
  const printed: PrintedObjects[] = [];
  for (const ways of READ) {
    let refused = '';
    let found = false;
    for (const what of ways) {
      found = what.length === 0;
      if (found) break;
      const args = ['get', ...what, '--output=json'];
      const { code, stdout, stderr } = await kubectl(args);
      if (code === undefined) {
        const fix = 'Install it, or give its output from elsewhere with --cluster.';
        return { ok: false, message: `kubectl could not be started: ${stderr.trim()}`, fix };
      }
      found = code === 0;
      if (found) printed.push({ args, json: stdout });
      if (found) break;
      refused = `kubectl ${args.join(' ')}: ${stderr.trim().split('\n').at(-1) ?? `exit ${code}`}`;
      // The API server does not know the kind: try its alternative. No alternative helps with any other error.
      if (!/the server doesn't have a resource type/.test(stderr)) break;
    }
    if (!found)
      return {
        ok: false,
        message: refused,
        fix: 'Check the context and its permissions: it needs get and list.',
      };
  }
  return { ok: true, printed };
}
