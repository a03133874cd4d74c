import { isDeepStrictEqual } from 'node:util';
import type { Engine, OwnedObject } from '../bootstrap/index.ts';
import { objectsIn } from '../live/kubectl.ts';

/** An object as the API server has it. */
export interface LiveObject extends OwnedObject {
  readonly metadata: OwnedObject['metadata'] & { readonly generation?: number };
}

/** The objects of these folders in the cluster; `ask` is a kubectl that must succeed. */
export async function live(
  ask: (args: readonly string[]) => Promise<string>,
  folders: readonly string[],
): Promise<LiveObject[]> {
  const objects: LiveObject[] = [];
  for (const folder of folders) {
    objects.push(
      ...objectsIn<LiveObject>(await ask(['get', '-k', folder, '--show-managed-fields', '-o', 'json'])),
    );
  }
  return objects;
}

export const nameOf = ({ kind, metadata }: OwnedObject): string => `${kind} ${metadata.name}`;

/** Controllers write the status of these in the meantime, and with it a new resourceVersion. */
const WITH_STATUS = new Set(['Deployment', 'Job', 'CronJob', 'Namespace']);

/** The differences from before, including when the engine's fields were last written: a no-op does not change it. */
export function changes(
  engine: Engine,
  before: readonly LiveObject[],
  after: readonly LiveObject[],
): string[] {
  return after.flatMap((object, index) => {
    const old = before[index];
    if (old === undefined || nameOf(old) !== nameOf(object)) return [`${nameOf(object)} is another object`];
    const parts = {
      generation: ({ metadata }: LiveObject) => metadata.generation,
      resourceVersion: ({ kind, metadata }: LiveObject) =>
        WITH_STATUS.has(kind) ? undefined : metadata.resourceVersion,
      'managed fields': ({ metadata }: LiveObject) =>
        metadata.managedFields?.filter(({ manager }) => manager === engine.fieldManager),
      content: content,
    };
    return Object.entries(parts)
      .filter(([, part]) => !isDeepStrictEqual(part(old), part(object)))
      .map(([what]) => `${nameOf(object)}: its ${what} changed`);
  });
}

/** Everything in an object that controllers do not write. */
function content(object: LiveObject): object {
  const { metadata, status: _status, ...rest } = object as LiveObject & { status?: unknown };
  const { resourceVersion: _version, managedFields: _fields, annotations = {}, ...kept } = metadata;
  const { 'deployment.kubernetes.io/revision': _revision, ...own } = annotations as Record<string, string>;
  return { ...rest, metadata: { ...kept, annotations: own } };
}
