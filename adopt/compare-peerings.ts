import type { Fabric, Peering } from '../fabric/index.ts';
import type { Today } from './adopt.ts';
import type { Compared } from './compared.ts';

/**
 * Peerings without any session found today: what happens to their sessions is unknown, and comparing nothing
 * shows no difference.
 */
export function uncompared(today: Today, fabric: Fabric): Compared[] {
  const routers = fabric.routers
    .filter(({ name, planned }) => !planned && !today.routers.some(({ folder }) => folder.name === name))
    .map(({ name }) => unknown(name, 'its sessions', `no folder was given: give --router ${name}=FOLDER`));
  const peerings = fabric.peerings
    .filter(({ router, sessions }) => sessions.length > 0 && !routers.some(({ where }) => where === router))
    .flatMap((peering) => {
      const why = whyUnmatched(today, peering);
      return why === undefined
        ? []
        : [
            unknown(
              peering.router,
              `sessions with nodes of ${peering.region}, ${FAMILY[peering.family]}`,
              why,
            ),
          ];
    });
  return [...routers, ...peerings];
}

const FAMILY = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

const unknown = (where: string, what: string, why: string): Compared => ({
  where,
  what,
  change: 'unknown',
  details: [{ field: why, before: undefined, after: undefined, because: undefined }],
});

/** Nobody reads more sessions than this. */
const MOST = 4;

/** Why none of a router's sessions belongs to the peering; undefined if one does. */
function whyUnmatched({ routers }: Today, { router, family, sessions }: Peering): string | undefined {
  const nodes = new Set(sessions.flatMap(({ ends }) => ends.map(({ speaker }) => speaker)));
  const addresses = new Set(sessions.flatMap(({ ends }) => ends.map(({ address }) => address.text)));
  const sessionsHere = routers.find(({ folder }) => folder.name === router)?.sessions;
  if (sessionsHere?.nodes.some((one) => one.family === family && nodes.has(one.node)) === true)
    return undefined;
  const protocols = sessionsHere?.router.config.protocols ?? [];
  const ranges = protocols.flatMap(({ name, options }) => {
    const range = options.get('neighbor range');
    return range === undefined ? [] : [`${name} accepts any neighbour in ${range}`];
  });
  if (ranges.length > 0) return `${ranges.join(', ')}, and no file says which ones connect`;
  const others = protocols.filter(
    ({ options }) => addresses.has(options.get('neighbor') ?? '') && options.has('neighbor as'),
  );
  if (others.length > 0) {
    const withAs = others.map(({ name, options }) => `${name} ${options.get('neighbor as')}`);
    return `its sessions with them are with a different AS than the cluster's: ${withAs.slice(0, MOST).join(', ')}`;
  }
  return protocols.length === 0
    ? 'its files contain no BGP session'
    : 'none of its sessions is with an address of these nodes';
}
