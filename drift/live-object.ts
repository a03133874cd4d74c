import type { FieldSet } from '../bootstrap/ownership.ts';
import type { ObjectId } from '../review/objects.ts';
import type { Read, Unread } from '../verify/cluster-look.ts';

/** Objects of one kind, where git has some or where any other would be somebody's own. */
export interface KindOfObjects {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Where git has some; of what belongs to the whole cluster it means nothing. */
  readonly namespaces: readonly string[];
}

/** An object as the cluster has it, without its status. All text is others' words. */
export interface LiveObject {
  readonly id: ObjectId;
  /** The manifest; of its metadata only name, namespace, labels and annotations. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly managed: readonly ManagedEntry[];
}

/** Which fields somebody wrote last. */
export interface ManagedEntry {
  readonly manager: string;
  readonly at: string | undefined;
  /** With server-side apply it owns what it set; else defaults as well, of what it created. */
  readonly isApplied: boolean;
  readonly fields: FieldSet;
}

/** One look at the objects of a cluster. */
export interface ObjectsLook {
  readonly context: string | undefined;
  readonly server: string | undefined;
  /** Why nothing at all could be read. */
  readonly unread: Unread | undefined;
  /** In the order of the kinds that were asked for. */
  readonly kinds: readonly { readonly of: KindOfObjects; readonly read: Read<readonly LiveObject[]> }[];
}
