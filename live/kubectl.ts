import { outputOf } from '../machine/index.ts';

/** The result of one kubectl call. `code` is its exit status; undefined if kubectl could not be started. */
export interface KubectlAnswer {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Calls kubectl with these arguments, and `stdin` for a file of `-`. Never throws: see `code`. */
export type Kubectl = (args: readonly string[], stdin?: string) => Promise<KubectlAnswer>;

/** The objects in the output of `get -o json`: a List, or the one requested object; none if there was none. */
export function objectsIn<T>(json: string): readonly T[] {
  if (json.trim() === '') return [];
  const parsed = JSON.parse(json) as T & { readonly items?: readonly T[] };
  return parsed.items ?? [parsed];
}

/**
 * The machine's kubectl, with the user's own KUBECONFIG and context. Arguments reach it unchanged, not through a
 * shell.
 */
export const kubectl: Kubectl = (args, stdin = '') => outputOf('kubectl', args, BOUNDS, stdin);

/** No timeout of its own: kubectl waits for the server. All nodes of a 10,000-node cluster are about 150 MB. */
const BOUNDS = { seconds: 300, bytes: 2 ** 28 };
