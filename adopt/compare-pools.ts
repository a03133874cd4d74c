import { ipPool } from '../calico/defaults.ts';
import type { Fabric } from '../fabric/index.ts';
import type { Cluster } from './cluster.ts';
import { fieldAt, textOf } from './cluster-objects.ts';
import type { Compared, Detail } from './compared.ts';
import { canonical } from './infer-pools.ts';

/**
 * Today's IPPools against the pools of the rendered Installation. The operator creates an IPPool for each listed pool;
 * whether it reverts later manual changes depends on its version, so none of these is certain to stay as today.
 */
export function comparePools(cluster: Cluster, { pods }: Fabric): Compared[] {
  return cluster.of('IPPool').flatMap((object): Compared[] => {
    const spec = (field: string) => fieldAt(object.value, ['spec', field]);
    const pool = pods.pools.find(({ cidr }) => cidr.text === canonical(spec('cidr')));
    if (pool === undefined) return [];
    const usual = ipPool(pool.cidr.family);
    const fields: readonly (readonly [field: string, before: unknown, after: unknown])[] = [
      ['nodeSelector', spec('nodeSelector') || usual.nodeSelector, usual.nodeSelector],
      ['disableBGPExport', spec('disableBGPExport') ?? usual.disableBGPExport, usual.disableBGPExport],
      ['natOutgoing', spec('natOutgoing') ?? usual.natOutgoing, pods.natOutgoing],
      ['blockSize', spec('blockSize') ?? usual.blockSize, pool.blockSize],
    ];
    const details = fields
      .filter(([, before, after]) => before !== after)
      .map(
        ([field, before, after]): Detail => ({
          field: `spec.${field}`,
          before: textOf(before),
          after: textOf(after),
          because: undefined,
        }),
      );
    return details.length === 0
      ? []
      : [{ where: 'cluster', what: `IPPool ${object.name}`, change: 'changed', details }];
  });
}
