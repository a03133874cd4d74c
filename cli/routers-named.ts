import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { didYouMean, listed, suggester } from '../topology/suggest.ts';
import type { Refusal } from './refusal.ts';

/** Those of these names, or all that have a configuration. */
export function routersNamed(fabric: Fabric, names: readonly string[]): readonly RouterSpeaker[] | Refusal {
  const routers = fabric.routers.filter(({ planned }) => !planned);
  if (names.length === 0) return routers;
  for (const name of names) {
    const named = fabric.routers.find((router) => router.name === name);
    if (named?.planned === true) {
      return {
        code: 'unknown-name',
        message: `${name} is planned`,
        fix: 'It has no configuration yet: remove `planned` from the topology.',
      };
    }
    if (named !== undefined) continue;
    const routerNames = routers.map((router) => router.name);
    return {
      code: 'unknown-name',
      message: `No router is named ${JSON.stringify(name)}`,
      fix: didYouMean(suggester(routerNames)(name), `Known: ${listed(routerNames, 'and')}.`),
    };
  }
  return routers.filter(({ name }) => names.includes(name));
}
