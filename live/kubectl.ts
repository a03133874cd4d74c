import { saidBy } from '../machine/index.ts';

/** What one call of kubectl said. `code` is its exit status; undefined where no kubectl could be started. */
export interface KubectlAnswer {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Calls kubectl with these arguments, and `stdin` where a file is `-`. Throws nothing: see `code`. */
export type Kubectl = (args: readonly string[], stdin?: string) => Promise<KubectlAnswer>;

/** What `get -o json` printed: a List, or the one object that was asked for; nothing where there was none. */
export function objectsIn<T>(json: string): readonly T[] {
  if (json.trim() === '') return [];
  const found = JSON.parse(json) as T & { readonly items?: readonly T[] };
  return found.items ?? [found];
}

/**
 * The kubectl of the machine, with the user's own KUBECONFIG and context. Arguments reach it as they are, through no
 * shell.
 */
export const kubectl: Kubectl = (args, stdin = '') => saidBy('kubectl', args, BOUNDS, stdin);

/** It waits for a server for as long as that likes. All nodes of a cluster of 10,000 are some 150 MB. */
const BOUNDS = { seconds: 300, bytes: 2 ** 28 };
