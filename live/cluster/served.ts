import type { Read, Unread } from '../../verify/cluster-look.ts';
import type { Connection } from './connection.ts';
import { failureOf } from './failure.ts';
import { fieldsIn, fieldsOf, items, text } from './fields.ts';
import { type Collection, PATIENCE, type Patience, patiently } from './list.ts';

/**
 * Where the kinds of Calico and of its operator are. Calico's objects are stored as crd.projectcalico.org/v1 and also served as
 * projectcalico.org/v3 by its own API server, or are CRDs of that group only. What is stored is preferred: it needs no pod of Calico
 * to be read, so it is there when Calico is down.
 */
const GROUPS = ['crd.projectcalico.org/v1', 'projectcalico.org/v3', 'operator.tigera.io/v1'] as const;

/** Finds a kind by its plural. */
export type Served = (plural: string) => Read<Collection>;

export async function served(connection: Connection, patience: Patience = PATIENCE): Promise<Served> {
  const until = Date.now() + patience.time;
  const groups = await Promise.all(
    GROUPS.map(async (group) => ({ group, kinds: await kindsOf(connection, group, patience, until) })),
  );
  return (plural) => {
    const having = groups.find(({ kinds }) => kinds.ok && kinds.value.includes(plural));
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

async function kindsOf(
  connection: Connection,
  group: string,
  patience: Patience,
  until: number,
): Promise<Read<readonly string[]>> {
  const answer = await patiently(connection, `/apis/${group}`, patience, until);
  if (!('status' in answer) || answer.status !== 200)
    return { ok: false, why: await failureOf(connection, group, answer) };
  const body = fieldsIn(answer.body);
  if (body?.kind !== 'APIResourceList') {
    const evidence = ['the answer is no list of kinds'];
    return { ok: false, why: { because: 'not-understood', what: group, evidence } };
  }
  return { ok: true, value: items(body.resources).flatMap((one) => text(fieldsOf(one).name) ?? []) };
}
