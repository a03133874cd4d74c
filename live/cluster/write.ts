import type { Read } from '../../verify/cluster-look.ts';
import type { Connection } from './connection.ts';
import type { Answer, Limits, NoAnswer } from './exchange.ts';
import { failureOf } from './failure.ts';
import { type Fields, fieldsIn } from './fields.ts';

/** Everything that noencap writes through the API goes through these two. */

const LIMITS: Limits = { time: 30_000, bytes: 4 * 1024 * 1024 };

/** Creates an object; `taken` if one of its name is there. */
export async function create(
  connection: Connection,
  path: string,
  object: object,
): Promise<Read<Fields | 'taken'>> {
  const answer = await connection.send('POST', path, object, LIMITS);
  if ('status' in answer && answer.status === 409) return { ok: true, value: 'taken' };
  return objectIn(connection, `creating ${path}`, answer, [200, 201, 202]);
}

/** Deletes an object, or those of a collection that a query selects; what is not there is gone. */
export async function remove(connection: Connection, path: string): Promise<Read<undefined>> {
  const options = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
  const answer = await connection.send('DELETE', path, options, LIMITS);
  const isGone = 'status' in answer && [200, 202, 404, 409].includes(answer.status);
  return isGone
    ? { ok: true, value: undefined }
    : { ok: false, why: await failureOf(connection, `deleting ${path.split('?')[0]}`, answer) };
}

/** One object; undefined if it is not there. */
export async function one(connection: Connection, path: string): Promise<Read<Fields | undefined>> {
  const answer = await connection.get(path, LIMITS);
  if ('status' in answer && answer.status === 404 && fieldsIn(answer.body)?.kind === 'Status')
    return { ok: true, value: undefined };
  return objectIn(connection, path, answer, [200]);
}

/** What a container has printed: at most so much. */
export async function logOf(connection: Connection, pod: string): Promise<Read<string>> {
  const path = `${pod}/log?limitBytes=${LIMITS.bytes}`;
  const answer = await connection.get(path, { ...LIMITS, bytes: LIMITS.bytes + 1 });
  return 'status' in answer && answer.status === 200
    ? { ok: true, value: answer.body }
    : { ok: false, why: await failureOf(connection, `${pod}/log`, answer) };
}

async function objectIn(
  connection: Connection,
  what: string,
  answer: Answer | NoAnswer,
  fine: readonly number[],
): Promise<Read<Fields>> {
  if (!('status' in answer) || !fine.includes(answer.status))
    return { ok: false, why: await failureOf(connection, what, answer) };
  const value = fieldsIn(answer.body);
  if (value !== undefined) return { ok: true, value };
  const evidence = ['the answer is no object'];
  return { ok: false, why: { because: 'not-understood', what, evidence } };
}
