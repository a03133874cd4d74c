import type { Family, PerFamily } from '../address.ts';
import { FAMILIES, familiesOf } from '../address.ts';
import type { Draft } from '../draft.ts';
import { entries } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import { FAMILY_NAME, podFamiliesOf } from './networks.ts';
import { routersOf } from './symbols.ts';

/** Both ends of every session need addresses of one family, which can carry the pods' families. */
export function sessionRules(draft: Draft): Fault[] {
  const families = podFamiliesOf(draft);
  return [
    ...(families === undefined
      ? []
      : [...nodeFamilies(draft, families), ...reflectorFamilies(draft, families)]),
    ...listedPairs(draft, families ?? []),
    ...(families === undefined ? [] : fullMesh(draft, families)),
  ];
}

/** Calico runs one BIRD per family, each peering over that family. */
function nodeFamilies(draft: Draft, families: readonly Family[]): Fault[] {
  return entries(draft.file.nodes).flatMap(([name, { address }]) =>
    address === undefined
      ? []
      : missing(families, address).map((family) =>
          fault(
            'node-family',
            ['nodes', name, 'address'],
            `${name} has no ${FAMILY_NAME[family]} address, but pods have one`,
            pairFix(family),
          ),
        ),
  );
}

function reflectorFamilies(draft: Draft, families: readonly Family[]): Fault[] {
  const reflectors = new Set(
    Object.keys(draft.file.regions ?? {}).flatMap((region) => routersOf(draft, region).map(([name]) => name)),
  );
  return [...reflectors].flatMap((name) => {
    const address = draft.file.routers?.[name]?.nodeAddress;
    return address === undefined
      ? []
      : missing(families, address).map((family) =>
          fault(
            'reflector-family',
            ['routers', name, 'nodeAddress'],
            `${name} has no ${FAMILY_NAME[family]} address for nodes, but pods have one`,
            pairFix(family),
          ),
        );
  });
}

const missing = (families: readonly Family[], address: PerFamily<unknown>): Family[] =>
  families.filter((family) => address[family] === undefined);

const pairFix = (family: Family): string =>
  `Add an ${FAMILY_NAME[family]} address; two families are written {ipv4: ..., ipv6: ...}.`;

function listedPairs(draft: Draft, families: readonly Family[]): Fault[] {
  const mesh = draft.file.bgp?.backboneMesh;
  if (!Array.isArray(mesh)) return [];
  const pairs: readonly (readonly (string | undefined)[] | undefined)[] = mesh;
  const seen = new Set<string>();
  const lonely = new Set<string>();
  return pairs.flatMap((pair, index): Fault[] => {
    const [a, b] = pair ?? [];
    const path: Path = ['bgp', 'backboneMesh', index];
    if (a === undefined || b === undefined || draft.faulty(...path)) return [];
    if (a === b) {
      return [
        fault('backbone-self', path, `pairs ${a} with itself`, 'Name two routers, or remove the pair.'),
      ];
    }
    const key = [a, b].sort().join(' ');
    if (seen.has(key)) {
      const fix = 'Remove one of the two: pairs have no direction.';
      return [fault('listed-twice', path, `${a} and ${b} are already a pair`, fix)];
    }
    seen.add(key);
    const without = [a, b].flatMap((name, end): Fault[] => {
      const router = draft.file.routers?.[name];
      if (router === undefined || router.backboneAddress !== undefined || lonely.has(name)) return [];
      if (draft.faulty('routers', name, 'backboneAddress')) return [];
      lonely.add(name);
      const fix = `Add backboneAddress to routers.${name}, or remove the pair.`;
      return [
        fault('router-without-backbone-address', [...path, end], `${name} has no backboneAddress`, fix),
      ];
    });
    if (without.length > 0) return without;
    const [one, other] = [a, b].map((name) => draft.file.routers?.[name]?.backboneAddress);
    if (one === undefined || other === undefined) return [];
    return FAMILIES.filter((family) => families.includes(family) && !carried(family, one, other))
      .slice(0, 1)
      .map((family) =>
        fault(
          'backbone-family',
          path,
          `${a} and ${b} cannot exchange ${FAMILY_NAME[family]} routes: ${why(family)}`,
          backboneFix(family),
        ),
      );
  });
}

/** IPv4 routes can also use an IPv6 session (RFC 8950); the reverse has no encoding. */
const carried = (family: Family, a: PerFamily<unknown>, b: PerFamily<unknown>): boolean =>
  (a.ipv6 !== undefined && b.ipv6 !== undefined) ||
  (family === 'ipv4' && a.ipv4 !== undefined && b.ipv4 !== undefined);

const why = (family: Family): string =>
  family === 'ipv6'
    ? 'they do not both have an IPv6 backboneAddress, and an IPv4 session cannot carry IPv6'
    : 'their backbone addresses have no family in common';

const backboneFix = (family: Family): string =>
  family === 'ipv6'
    ? 'Give both an IPv6 backboneAddress; the session then carries IPv4 too.'
    : 'Give both an address of one family; an IPv6 session also carries IPv4.';

/** Every router with every other, without checking each pair: only a router's families matter. */
function fullMesh(draft: Draft, families: readonly Family[]): Fault[] {
  if (draft.file.bgp?.backboneMesh !== true) return [];
  const speakers = entries(draft.file.routers).flatMap(([name, { backboneAddress, planned }]) =>
    backboneAddress === undefined || planned !== false
      ? []
      : [{ name, families: familiesOf(backboneAddress) }],
  );
  const [only4, only6] = FAMILIES.map((family) =>
    speakers.filter((speaker) => speaker.families.length === 1 && speaker.families[0] === family),
  );
  if (only4 === undefined || only6 === undefined || speakers.length < 2 || only4.length === 0) return [];
  if (families.includes('ipv6')) {
    return only4.map(({ name }) =>
      fault(
        'backbone-family',
        ['routers', name, 'backboneAddress'],
        `${name} has no IPv6 address for the other routers, and an IPv4 session cannot carry IPv6 routes`,
        backboneFix('ipv6'),
      ),
    );
  }
  if (only6.length === 0) return [];
  const [fewer, more] = only4.length <= only6.length ? [only4, only6] : [only6, only4];
  return fewer.map(({ name }) =>
    fault(
      'backbone-family',
      ['routers', name, 'backboneAddress'],
      `${name} and ${more[0]?.name} have no family in common, but bgp.backboneMesh pairs every router with every other`,
      backboneFix('ipv4'),
    ),
  );
}
