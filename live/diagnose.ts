import type { Awaited } from '../bootstrap/plan.ts';
import { conditionTrouble, eventTrouble, podTrouble } from '../bootstrap/trouble.ts';
import { type Kubectl, objectsIn } from './kubectl.ts';

/** The cluster's own reasons for what is missing: conditions first, then pods, then warnings. */
export async function diagnose(
  kubectl: Kubectl,
  { resource, namespace, names, workload }: Awaited,
): Promise<{ details: readonly string[]; look: string }> {
  const list = async <T>(...args: readonly string[]): Promise<{ items?: readonly T[] }> => {
    const { code, stdout } = await kubectl(['get', ...args, '-o', 'json']);
    return code === 0 ? { items: objectsIn<T>(stdout) } : {};
  };
  const conditions =
    resource === 'job'
      ? []
      : conditionTrouble(
          await list(
            resource,
            ...(namespace === undefined ? [] : ['-n', namespace]),
            ...names,
            '--ignore-not-found',
          ),
        );
  const pods = podTrouble(await list('pods', '-n', workload));
  const events = eventTrouble(await list('events', '-n', workload));
  const troubles = [...conditions, ...pods, ...events];
  return {
    details: troubles.length > 0 ? troubles : [`nothing in namespace ${workload} shows why`],
    look: `Look closer:
  kubectl get pods,events -n ${workload}
  kubectl logs -n ${resource === 'job' ? `${workload} job/${names[0]}` : 'tigera-operator deployment/tigera-operator'}`,
  };
}
