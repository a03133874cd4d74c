import type { Draft } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import { FAMILY_NAME, podFamiliesOf } from './networks.ts';

/** Pods that move from one pool to another: what the cluster needs meanwhile, and what it keeps for good. */
export const poolRules = (draft: Draft): Fault[] => [...retiringFaults(draft), ...clusterCidrFaults(draft)];

function retiringFaults(draft: Draft): Fault[] {
  const { pods, k3s } = draft.file;
  const families = podFamiliesOf(draft);
  const retiring = (pods?.retiring ?? []).flatMap((prefix, index) =>
    prefix === undefined ? [] : [{ prefix, path: ['pods', 'retiring', index] }],
  );
  const strange = retiring
    .filter(({ prefix }) => families !== undefined && !families.includes(prefix.family))
    .map(({ prefix, path }) =>
      fault(
        'retiring-family',
        path,
        `${prefix.text} is retiring, but pods.cidrs has no ${FAMILY_NAME[prefix.family]} range to move to`,
        `Add the ${FAMILY_NAME[prefix.family]} range that pods move to.`,
      ),
    );
  if (retiring.length === 0) return strange;
  return [
    ...strange,
    ...(k3s !== undefined && k3s.clusterCidrs === undefined && !draft.faulty('k3s', 'clusterCidrs')
      ? [
          fault(
            'cluster-cidrs-missing',
            ['k3s'],
            'has no clusterCidrs, but pods move to a different range than the cluster was created with',
            'Add clusterCidrs: [...] with the ranges the cluster was created with, and keep it: K3s does not start with others.',
            { part: 'key' },
          ),
        ]
      : []),
  ];
}

/** K3s requires one range per family of the pods. */
function clusterCidrFaults(draft: Draft): Fault[] {
  const families = podFamiliesOf(draft);
  const written = draft.file.k3s?.clusterCidrs;
  if (families === undefined || written === undefined || written.includes(undefined)) return [];
  const found = written.flatMap((cidr) => cidr?.family ?? []);
  if (found.length === families.length && families.every((family) => found.includes(family))) return [];
  const fix = `Give one ${families.map((family) => FAMILY_NAME[family]).join(' and one ')} range.`;
  return [
    fault(
      'cluster-cidrs-family',
      ['k3s', 'clusterCidrs'],
      'does not have the same families as the pods',
      fix,
    ),
  ];
}
