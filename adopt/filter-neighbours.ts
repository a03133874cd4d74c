import type { FilteringConfig } from '../bird/filter/config.ts';
import type { Policy } from '../bird/filter/library.ts';
import { joined, marked } from '../bird/filter/marks.ts';
import { runFilter } from '../bird/filter/run.ts';
import type { BirdStatement } from '../bird/parser.ts';
import type { BgpProtocol } from '../bird/protocols.ts';
import type { Fabric } from '../fabric/index.ts';
import { contains, type Family, parsePrefix } from '../topology/address.ts';
import type { Today } from './adopt.ts';
import { fieldAt } from './cluster-objects.ts';
import { advertisedServices } from './cluster-ranges.ts';
import type { FilterChange, FilterSide } from './compare-filters.ts';
import type { RouteClass, Surroundings } from './route-classes.ts';
import type { RouterSessions } from './router-sessions.ts';

/** The peers of a router, and the routes that they can send. */
export interface Neighbours {
  readonly surroundings: Surroundings;
  /** By protocol. */
  readonly nodeAt: ReadonlyMap<string, string>;
  readonly otherAt: ReadonlyMap<string, string>;
  /** What the router at the other end of a protocol sends, if its files were given. */
  readonly sends: (protocol: string, family: Family, alike: readonly RouteClass[]) => boolean;
  /** What a node may announce besides its blocks. */
  readonly nodeAnnounces: (one: RouteClass) => boolean;
  readonly staticRoutes: ReadonlySet<string>;
}

export function neighbours(
  today: Today,
  fabric: Fabric,
  sessions: RouterSessions,
  statements: readonly BirdStatement[],
): Neighbours {
  const nodeAt = new Map(sessions.nodes.map(({ protocol, node }) => [protocol.name, node]));
  const protocolAt = new Map([...nodeAt].map(([protocol, node]) => [node, protocol]));
  const otherAt = new Map(sessions.backbone.map(({ protocol, other }) => [protocol.name, other]));
  const services = advertisedServices(today.cluster).flatMap((text) => {
    const parsed = parsePrefix(text);
    return parsed.ok ? [parsed.prefix] : [];
  });
  // A BGPFilter runs before Calico's own export filter, and may accept anything; a reflector re-advertises what it receives.
  const isOpen =
    today.cluster.of('BGPPeer').some(({ value }) => {
      const filters = fieldAt(value, ['spec', 'filters']);
      return Array.isArray(filters) && filters.length > 0;
    }) ||
    today.cluster
      .of('Node')
      .some(
        ({ value }) =>
          fieldAt(value, ['metadata', 'annotations', 'projectcalico.org/RouteReflectorClusterID']) !==
          undefined,
      );
  return {
    surroundings: {
      fabric,
      cluster: today.cluster,
      protocolOf: (node) => protocolAt.get(node),
      carried: joined(
        today.routers
          .filter((other) => other.sessions !== sessions)
          .map((other) => other.sessions.router.config.marks.all),
      ),
    },
    nodeAt,
    otherAt,
    sends: (protocol, family, alike) => {
      const other = today.routers.find(({ folder }) => folder.name === otherAt.get(protocol))?.sessions;
      const towards = other?.backbone.filter((one) => one.other === sessions.router.name) ?? [];
      if (other === undefined || towards.length === 0) return true;
      return towards.some(({ protocol: its }) => {
        const { config } = other.router;
        const { library, marks } = config;
        const policy = policyIn(config, its, `${family}/export filter`);
        return alike.some(
          ({ route }) => runFilter(policy, library, marked(route, marks)).verdict !== 'rejected',
        );
      });
    },
    nodeAnnounces: ({ kind, route }) =>
      isOpen ||
      kind === 'block' ||
      kind === 'borrowed' ||
      services.some((range) => contains(range, route.net)),
    staticRoutes: new Set(statements.flatMap(routesOf)),
  };
}

/** The routes of a `protocol static`. */
const routesOf = ({ words, body }: BirdStatement): string[] =>
  words[0]?.text === 'protocol' && words[1]?.text === 'static'
    ? (body ?? []).flatMap((one) => (one.words[0]?.text === 'route' ? (one.words[1]?.text ?? []) : []))
    : [];

/** By default BIRD imports everything and exports nothing. */
const policyIn = (config: FilteringConfig, protocol: BgpProtocol, field: string): Policy =>
  config.policy(protocol, field) ?? { kind: field.endsWith('import filter') ? 'all' : 'none' };

/** One filter of a session, today and as rendered. */
export function filterChange(
  field: string,
  was: readonly [BgpProtocol, FilteringConfig],
  is: readonly [BgpProtocol, FilteringConfig],
  around: Neighbours,
): FilterChange {
  const [family = '', rest = ''] = field.split('/');
  const direction = rest.startsWith('import') ? 'import' : 'export';
  const [{ name }] = was;
  const node = around.nodeAt.get(name);
  const side = ([protocol, config]: readonly [BgpProtocol, FilteringConfig]): FilterSide => ({
    policy: policyIn(config, protocol, field),
    library: config.library,
    marks: config.marks,
    isNextHopSelf: (protocol.options.get(`${family}/next hop self`) ?? 'off') !== 'off',
  });
  return {
    field,
    family: family as Family,
    direction,
    before: side(was),
    after: side(is),
    staticRoutes: around.staticRoutes,
    from: node === undefined ? `router ${around.otherAt.get(name) ?? ''}` : 'node',
    receiver: direction === 'export' ? node : undefined,
    meets: (one, alike) => {
      if (direction === 'export') return true;
      if (!one.origin.startsWith('BGP')) return false;
      if (node !== undefined) return one.origin === 'BGP' && around.nodeAnnounces(one);
      return around.sends(name, family as Family, alike);
    },
  };
}
