import { defaultPoolName } from '../calico/defaults.ts';
import type { Pool } from '../topology/model.ts';
import type { Fabric } from './fabric.ts';

/**
 * The operator's name for a cluster's first pool; it identifies pools by range, and a changed name would request a second pool with
 * the same range. So a name must not depend on the other pools.
 */
export function poolName({ k3s }: Pick<Fabric, 'k3s'>, { cidr }: Pool): string {
  const isFirst = k3s.clusterCidrs.some(({ text }) => text === cidr.text);
  return isFirst ? defaultPoolName(cidr.family) : `pods-${cidr.text.replace(/[^0-9a-f]+/g, '-')}`;
}
