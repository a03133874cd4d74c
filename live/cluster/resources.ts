import type { Read } from '../../verify/cluster-look.ts';
import type { Connection } from './connection.ts';
import { failureOf } from './failure.ts';
import { fieldsIn, fieldsOf, items, text } from './fields.ts';
import { type Patience, patiently } from './list.ts';

export interface Resource {
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
}

/** What a version of a group has (APIResourceList). */
export async function resourcesOf(
  connection: Connection,
  path: string,
  patience: Patience,
): Promise<Read<readonly Resource[]>> {
  const answer = await patiently(connection, path, patience, Date.now() + patience.time);
  if (!('status' in answer) || answer.status !== 200)
    return { ok: false, why: await failureOf(connection, path, answer) };
  const body = fieldsIn(answer.body);
  if (body?.kind !== 'APIResourceList') {
    const evidence = ['the answer is no list of kinds'];
    return { ok: false, why: { because: 'not-understood', what: path, evidence } };
  }
  return {
    ok: true,
    value: items(body.resources).flatMap((one): Resource[] => {
      const { name, kind, namespaced } = fieldsOf(one);
      const [plural, of] = [text(name), text(kind)];
      // `deployments/scale` is a part of an object.
      const isObject = plural !== undefined && of !== undefined && /^[a-z0-9-]+$/.test(plural);
      return isObject ? [{ plural, kind: of, isNamespaced: namespaced === true }] : [];
    }),
  };
}
