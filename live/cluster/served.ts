import type { Read, Unread } from '../../verify/cluster-look.ts';
import type { Connection } from './connection.ts';
import { type Collection, PATIENCE, type Patience } from './list.ts';
import { resourcesOf } from './resources.ts';

/**
 * Where the kinds of Calico and of its operator are. Calico's objects are stored as crd.projectcalico.org/v1 and also served as
 * projectcalico.org/v3 by its own API server, or are CRDs of that group only. What is stored is preferred: it needs no pod of Calico
 * to be read, so it is there when Calico is down.
 */
const GROUPS = ['crd.projectcalico.org/v1', 'projectcalico.org/v3', 'operator.tigera.io/v1'] as const;

/** Finds a kind by its plural. */
export type Served = (plural: string) => Read<Collection>;

export async function served(connection: Connection, patience: Patience = PATIENCE): Promise<Served> {
  const groups = await Promise.all(
    GROUPS.map(async (group) => ({
      group,
      kinds: await resourcesOf(connection, `/apis/${group}`, patience),
    })),
  );
  return (plural) => {
    const having = groups.find(({ kinds }) => kinds.ok && kinds.value.some((one) => one.plural === plural));
    if (having !== undefined) {
      const { group } = having;
      return {
        ok: true,
        value: { path: `/apis/${group}/${plural}`, what: `${plural}.${group.split('/')[0]}` },
      };
    }
    const failed = groups.flatMap(({ kinds }) =>
      kinds.ok || kinds.why.because === 'not-served' ? [] : kinds.why,
    )[0];
    const evidence = [`the server has no ${plural} in ${GROUPS.join(', ')}`];
    const why: Unread = failed ?? { because: 'not-served', what: plural, evidence };
    return { ok: false, why: { ...why, what: plural } };
  };
}
