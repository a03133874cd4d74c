import type { Fabric } from '../fabric/index.ts';
import { didYouMean, listed, suggester } from '../topology/suggest.ts';
import type { Refusal } from './refusal.ts';

/** These names, if each is a node's. */
export function nodesNamed({ nodes }: Fabric, names: readonly string[]): ReadonlySet<string> | Refusal {
  const known = nodes.map(({ name }) => name);
  const stray = names.find((name) => !known.includes(name));
  return stray === undefined ? new Set(names) : noSuchNode(known, stray);
}

export const noSuchNode = (known: readonly string[], name: string): Refusal => ({
  code: 'unknown-name',
  message: `No node is named ${JSON.stringify(name)}`,
  fix: didYouMean(suggester(known)(name), `Known: ${listed(known, 'and')}.`),
});
