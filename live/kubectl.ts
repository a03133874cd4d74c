import { startProgram } from '../machine/index.ts';

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
export const kubectl: Kubectl = (args, stdin = '') =>
  new Promise((resolve) => {
    const child = startProgram('kubectl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    child.on('error', ({ message }) => resolve({ code: undefined, stdout: '', stderr: message }));
    child.on('close', (code) => resolve({ code: code ?? 1, ...output }));
    // kubectl may end before it has read everything: what it says of that is in its stderr.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
