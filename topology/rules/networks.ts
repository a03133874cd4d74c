import type { Family, Prefix } from '../address.ts';
import { compareAddresses, contains } from '../address.ts';
import type { Draft } from '../draft.ts';
import { entries, partPath } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';

/** Pools, services and segments: their families, and that no two of them overlap. */
export const networkRules = (draft: Draft): Fault[] => [
  ...oncePerFamily(draft, 'pods', 'Calico gets one pool per family'),
  ...oncePerFamily(draft, 'services', 'Kubernetes accepts one range per family'),
  ...serviceSizes(draft),
  ...sameFamilies(draft),
  ...networkOverlaps(draft).map(([later, earlier]) =>
    fault(
      'networks-overlap',
      later.path,
      later.prefix.text === earlier.prefix.text
        ? `${later.prefix.text} is also ${earlier.what}`
        : `${later.prefix.text} overlaps ${earlier.prefix.text}, ${earlier.what}`,
      'Give each network its own range.',
      { notes: [{ path: earlier.path, message: earlier.prefix.text }] },
    ),
  ),
];

export const FAMILY_NAME: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

/** The families of the pods, as far as `pods.cidrs` is readable; undefined if unknown. */
export function podFamiliesOf(draft: Draft): Family[] | undefined {
  const cidrs = draft.file.pods?.cidrs;
  if (cidrs === undefined || cidrs.some((cidr) => cidr === undefined)) return undefined;
  if (draft.faulty('pods', 'cidrs')) return undefined;
  return (['ipv4', 'ipv6'] as const).filter((family) => cidrs.some((cidr) => cidr?.family === family));
}

/** A network with its path and its name in messages. */
export interface Network {
  readonly prefix: Prefix;
  readonly path: Path;
  readonly what: string;
  readonly kind: 'pods' | 'retiring' | 'services' | 'segment';
}

/** Pairs of overlapping networks, the one later in the format first. */
export function networkOverlaps(draft: Draft): (readonly [Network, Network])[] {
  const all = networks(draft);
  const rank = new Map(all.map((network, index) => [network, index]));
  return nested(all)
    .filter(([a, b]) => ['segment', 'retiring'].includes(a.kind) || a.kind !== b.kind)
    .map(([a, b]) => ((rank.get(a) ?? 0) > (rank.get(b) ?? 0) ? [a, b] : [b, a]));
}

/**
 * Pairs [inner, outer] of overlapping prefixes. Two prefixes overlap only if one contains the other, so that in
 * address order a stack of open prefixes finds all pairs without comparing each with each.
 */
export function nested<T extends { readonly prefix: Prefix }>(items: readonly T[]): (readonly [T, T])[] {
  const sorted = [...items].sort((a, b) => compareAddresses(a.prefix, b.prefix));
  const open: T[] = [];
  const pairs: (readonly [T, T])[] = [];
  for (const item of sorted) {
    while (open.length > 0 && !contains((open.at(-1) as T).prefix, item.prefix)) open.pop();
    const outer = open.at(-1);
    if (outer !== undefined) pairs.push([item, outer]);
    open.push(item);
  }
  return pairs;
}

function networks(draft: Draft): Network[] {
  const { pods, services, underlay } = draft.file;
  const ranges = (kind: 'pods' | 'services', cidrs: readonly (Prefix | undefined)[] = []): Network[] =>
    cidrs.flatMap((prefix, index) =>
      prefix === undefined
        ? []
        : [{ prefix, kind, path: [kind, 'cidrs', index], what: `a ${kind.slice(0, -1)} range` }],
    );
  return [
    ...ranges('pods', pods?.cidrs),
    ...(pods?.retiring ?? []).flatMap((prefix, index): Network[] =>
      prefix === undefined
        ? []
        : [{ prefix, kind: 'retiring', path: ['pods', 'retiring', index], what: 'a retiring pool' }],
    ),
    ...ranges('services', services?.cidrs),
    ...entries(underlay?.segments).flatMap(([name, segment]) =>
      (['ipv4', 'ipv6'] as const).flatMap((family): Network[] => {
        const prefix = segment.cidr?.[family];
        const path = ['underlay', 'segments', name, 'cidr'];
        return prefix === undefined
          ? []
          : [{ prefix, kind: 'segment', path: partPath(draft, path, family), what: `the segment ${name}` }];
      }),
    ),
  ];
}

function oncePerFamily(draft: Draft, section: 'pods' | 'services', because: string): Fault[] {
  const seen = new Map<Family, number>();
  return (draft.file[section]?.cidrs ?? []).flatMap((cidr, index) => {
    if (cidr === undefined) return [];
    const first = seen.get(cidr.family);
    if (first === undefined) {
      seen.set(cidr.family, index);
      return [];
    }
    const message = `${cidr.text} is a second ${FAMILY_NAME[cidr.family]} range`;
    return fault('family-twice', [section, 'cidrs', index], message, `Keep one of the two: ${because}.`);
  });
}

/** The API server accepts at most 20 bits of services; K3s gives the tenth address to cluster DNS. */
const SERVICE_LENGTHS = { ipv4: [12, 28], ipv6: [108, 124] } as const;

function serviceSizes(draft: Draft): Fault[] {
  return (draft.file.services?.cidrs ?? []).flatMap((cidr, index) => {
    if (cidr === undefined) return [];
    const [shortest, longest] = SERVICE_LENGTHS[cidr.family];
    if (cidr.length >= shortest && cidr.length <= longest) return [];
    const message =
      cidr.length < shortest
        ? `${cidr.text} is larger than Kubernetes accepts for services`
        : `${cidr.text} is too small: cluster DNS gets its tenth address`;
    const fix = `Use a length from /${shortest} to /${longest}.`;
    return [fault('service-size', ['services', 'cidrs', index], message, fix)];
  });
}

/** The API server and K3s require pods and services to have the same families. */
function sameFamilies(draft: Draft): Fault[] {
  const pods = podFamiliesOf(draft);
  const services = draft.file.services?.cidrs;
  if (pods === undefined || services === undefined || services.some((cidr) => cidr === undefined)) return [];
  const surplus = services.flatMap((cidr, index) =>
    cidr === undefined || pods.includes(cidr.family)
      ? []
      : fault(
          'service-family',
          ['services', 'cidrs', index],
          `${cidr.text} is ${FAMILY_NAME[cidr.family]}, but pods have no ${FAMILY_NAME[cidr.family]}`,
          `Remove it, or add an ${FAMILY_NAME[cidr.family]} range to pods.cidrs.`,
        ),
  );
  const missing = pods
    .filter((family) => !services.some((cidr) => cidr?.family === family))
    .map((family) =>
      fault(
        'service-family',
        ['services', 'cidrs'],
        `has no ${FAMILY_NAME[family]} range, but pods have one`,
        `Add an ${FAMILY_NAME[family]} range: Kubernetes requires services to have the families of the pods.`,
      ),
    );
  return [...surplus, ...missing];
}
