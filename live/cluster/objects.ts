import type { FieldSet } from '../../bootstrap/ownership.ts';
import type { KindOfObjects, LiveObject, ManagedEntry, ObjectsLook } from '../../drift/live-object.ts';
import type { Read, Unread } from '../../verify/cluster-look.ts';
import { type Connection, connect } from './connection.ts';
import { type Fields, fieldsOf, items, text } from './fields.ts';
import { type Collection, list, PATIENCE, type Patience } from './list.ts';
import { type Asked, CONCERNS_ALL } from './look.ts';
import { type Resource, resourcesOf } from './resources.ts';

interface AskedForObjects extends Asked {
  /** Of objects that are not wanted only their number matters. */
  readonly isWanted: (id: LiveObject['id']) => boolean;
}

/** Nobody's Secret is read, whatever is asked for. */
const NEVER = ['secrets'];

/** The objects of these kinds, by list: one call a page, never one an object. Writes nothing. */
export async function readObjects(
  kinds: readonly KindOfObjects[],
  asked: AskedForObjects,
): Promise<ObjectsLook> {
  const { patience = PATIENCE } = asked;
  const opened = await connect(asked.context, asked.stop);
  const nothing = (why: Unread) => ({ context: undefined, server: undefined, unread: why, kinds: [] });
  if (!opened.ok) return nothing(opened.why);
  const connection = opened.value;
  const { context, server } = connection;
  const versions = [...new Set(kinds.map(groupVersion))];
  const [first = '/api/v1', ...others] = versions;
  // If the server cannot be reached at all, it is asked once.
  const one = await resourcesOf(connection, first, patience);
  if (!one.ok && CONCERNS_ALL.includes(one.why.because)) return { ...nothing(one.why), context, server };
  const served = new Map([[first, one]]);
  await Promise.all(
    others.map(async (path) => served.set(path, await resourcesOf(connection, path, patience))),
  );
  const read = await Promise.all(
    kinds.map(async (of) => {
      const resources = served.get(groupVersion(of));
      return { of, read: await objectsOf(connection, of, resources ?? one, asked.isWanted, patience) };
    }),
  );
  return { context, server, unread: undefined, kinds: read };
}

const groupVersion = ({ group, version }: KindOfObjects): string =>
  group === '' ? `/api/${version}` : `/apis/${group}/${version}`;

async function objectsOf(
  connection: Connection,
  of: KindOfObjects,
  resources: Read<readonly Resource[]>,
  isWanted: AskedForObjects['isWanted'],
  patience: Patience,
): Promise<Read<readonly LiveObject[]>> {
  if (!resources.ok) return { ok: false, why: { ...resources.why, what: of.kind } };
  const resource = resources.value.find(({ kind }) => kind === of.kind);
  if (resource === undefined || NEVER.includes(resource.plural)) {
    const evidence = [`the server has no ${of.kind} in ${groupVersion(of).replace(/^\/apis?\//, '')}`];
    return { ok: false, why: { because: 'not-served', what: of.kind, evidence } };
  }
  const read = (object: Fields) => objectIn(of, object, isWanted);
  const found: LiveObject[] = [];
  for (const collection of collectionsOf(of, resource)) {
    const listed = await list(connection, collection, read, patience);
    if (!listed.ok) return listed;
    for (const one of listed.value) if (one !== 'another') found.push(one);
  }
  return { ok: true, value: found };
}

function collectionsOf(of: KindOfObjects, { plural, isNamespaced }: Resource): Collection[] {
  const above = groupVersion(of);
  const what = of.group === '' ? plural : `${plural}.${of.group}`;
  if (!isNamespaced) return [{ path: `${above}/${plural}`, what }];
  return of.namespaces.map((namespace) => ({
    path: `${above}/namespaces/${encodeURIComponent(namespace)}/${plural}`,
    what: `${what} of ${namespace}`,
  }));
}

function objectIn(
  { group, kind }: KindOfObjects,
  object: Fields,
  isWanted: AskedForObjects['isWanted'],
): LiveObject | 'another' | undefined {
  const metadata = fieldsOf(object.metadata);
  const name = text(metadata.name);
  if (name === undefined) return undefined;
  const id = { group, kind, namespace: text(metadata.namespace), name };
  if (!isWanted(id)) return 'another';
  const { apiVersion: _version, kind: _kind, metadata: _metadata, status: _status, ...rest } = object;
  const { labels, annotations } = metadata;
  return {
    id,
    value: {
      kind,
      metadata: {
        name,
        ...(id.namespace === undefined ? {} : { namespace: id.namespace }),
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
      },
      // A Node's spec is K3s', and long.
      ...(kind === 'Node' ? {} : rest),
    },
    managed: items(metadata.managedFields).flatMap(managedIn),
  };
}

function managedIn(one: unknown): ManagedEntry[] {
  const { manager, time, operation, subresource, fieldsV1 } = fieldsOf(one);
  const by = text(manager);
  // A status is others' business, also where it is no subresource.
  const isStatus = text(subresource) === 'status' || Object.keys(fieldsOf(fieldsV1)).join() === 'f:status';
  if (by === undefined || isStatus) return [];
  const isApplied = operation === 'Apply';
  return [{ manager: by, at: text(time), isApplied, fields: fieldsOf(fieldsV1) as FieldSet }];
}
