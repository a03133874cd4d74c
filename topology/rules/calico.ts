import { CARRIED, calicoMinor, NEWEST_MINOR, OLDEST_MINOR, SINCE } from '../../calico/releases.ts';
import { contains, FAMILIES, type IpAddress, parseAddress } from '../address.ts';
import type { Draft } from '../draft.ts';
import { entries, partPath } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import { interfacePatterns, isPlainPattern } from '../interface-pattern.ts';
import type { Path } from '../model.ts';
import { listed } from '../suggest.ts';
import { FAMILY_NAME, podFamiliesOf } from './networks.ts';

/** Rules that depend on Calico's version, and how its nodes find their address. */
export const calicoRules = (draft: Draft): Fault[] => [
  ...versionFaults(draft),
  ...apiFaults(draft),
  ...detectionFaults(draft),
];

/** The v3 minor, if the version is readable and noencap knows it. */
export function knownMinor(draft: Draft): number | undefined {
  const version = draft.file.calico?.version ?? '';
  const minor = calicoMinor(version);
  return version.startsWith('v3.') && minor >= OLDEST_MINOR && minor <= NEWEST_MINOR ? minor : undefined;
}

function versionFaults(draft: Draft): Fault[] {
  const { version, operatorManifest } = draft.file.calico ?? {};
  if (version === undefined || CARRIED.includes(version)) return [];
  const path = ['calico', 'version'];
  const carried = listed(CARRIED, 'or');
  if (knownMinor(draft) === undefined) {
    const older =
      /^v[0-2]\./.test(version) || (version.startsWith('v3.') && calicoMinor(version) < OLDEST_MINOR);
    const message = older
      ? `${version} is older than v3.${OLDEST_MINOR}, the oldest that noencap supports`
      : `${version} is newer than v3.${NEWEST_MINOR}, the newest whose fields noencap knows`;
    const fix = older ? `Use ${carried}.` : `Use ${carried}, or update noencap to a release that knows it.`;
    return [fault('calico-unsupported', path, message, fix)];
  }
  if (operatorManifest !== undefined || draft.faulty('calico', 'operatorManifest')) return [];
  const update = isPatchAhead(version) ? ', or update noencap to a release that carries it' : '';
  const fix = `Use ${carried}${update}; or save that version's tigera-operator.yaml next to the topology and reference it: operatorManifest: {path: ..., sha256: ...}.`;
  return [fault('calico-not-carried', path, `noencap does not carry the operator of ${version}`, fix)];
}

/** Whether it is a later patch than the carried one of its minor, as a bot that follows Calico's releases proposes. */
function isPatchAhead(version: string): boolean {
  const [, minor, patch] = version.split('.').map(Number);
  return CARRIED.some((one) => {
    const [, carriedMinor, carriedPatch] = one.split('.').map(Number);
    return carriedMinor === minor && (patch ?? 0) > (carriedPatch ?? 0);
  });
}

function apiFaults(draft: Draft): Fault[] {
  const { api, version } = draft.file.calico ?? {};
  if (api === undefined || draft.faulty('calico', 'api')) return [];
  const path = ['calico', 'api'];
  if (typeof api === 'object' && api.from === api.to) {
    const message = `moves from ${api.from} to itself`;
    return [fault('calico-api-move', path, message, `Write api: ${api.from}, or set to to the other group.`)];
  }
  const minor = knownMinor(draft);
  const groups = typeof api === 'string' ? [api] : [api.from, api.to];
  if (!groups.includes('projectcalico.org/v3') || minor === undefined || minor >= SINCE.apiV3) return [];
  const message = `projectcalico.org/v3 needs Calico v3.${SINCE.apiV3} or later, but calico.version is ${version}`;
  return [fault('calico-api-version', path, message, 'Use crd.projectcalico.org/v1, or a later version.')];
}

const DETECTION: Path = ['calico', 'nodeAddress'];

function detectionFaults(draft: Draft): Fault[] {
  const detection = draft.file.calico?.nodeAddress;
  if (typeof detection !== 'object' || draft.faulty(...DETECTION)) return [];
  const ways = (['interface', 'skipInterface', 'canReach', 'cidrs'] as const).filter(
    (key) => detection[key] !== undefined,
  );
  if (ways.length !== 1) {
    const message =
      ways.length === 0
        ? 'has no detection method'
        : `has ${ways.length} detection methods: ${listed(ways, 'and')}`;
    return [
      fault(
        'node-address-ways',
        DETECTION,
        message,
        'Give exactly one of interface, skipInterface, canReach and cidrs.',
      ),
    ];
  }
  const pattern = patternFaults(detection);
  if (pattern.length > 0) return pattern;
  const literal = detection.canReach === undefined ? undefined : parseAddress(detection.canReach);
  if (literal !== undefined) return familyOfCanReach(draft, literal);
  const cidrs = (detection.cidrs ?? []).flatMap((cidr) => cidr ?? []);
  if (cidrs.length === 0 || cidrs.length < (detection.cidrs?.length ?? 0)) return [];
  const covered = FAMILIES.filter((family) => cidrs.some((cidr) => cidr.family === family));
  const missing = (podFamiliesOf(draft) ?? []).filter((family) => !covered.includes(family));
  return [
    ...missing.map((family) =>
      fault(
        'node-address-family',
        [...DETECTION, 'cidrs'],
        `has no ${FAMILY_NAME[family]} range, but pods have ${FAMILY_NAME[family]}`,
        `Add the ${FAMILY_NAME[family]} range of the nodes' addresses; without it Calico finds none.`,
      ),
    ),
    ...entries(draft.file.nodes).flatMap(([name, { address }]) =>
      covered.flatMap((family) => {
        const one = address?.[family];
        if (one === undefined || cidrs.some((cidr) => contains(cidr, one))) return [];
        return fault(
          'node-address-outside',
          partPath(draft, ['nodes', name, 'address'], family),
          `${one.text} is not inside calico.nodeAddress.cidrs, so Calico on ${name} would peer from a different address`,
          'Add its range there, or correct the address.',
        );
      }),
    ),
  ];
}

/** With a pattern that does not compile, calico-node would have no address. */
function patternFaults(
  detection: Partial<Record<'interface' | 'skipInterface', string | undefined>>,
): Fault[] {
  return (['interface', 'skipInterface'] as const).flatMap((key) => {
    const written = detection[key];
    if (written === undefined) return [];
    const patterns = interfacePatterns(written);
    const path = [...DETECTION, key];
    if (!patterns.every(compiles)) {
      const message = `${JSON.stringify(written)} is not a valid regular expression`;
      return [fault('interface-name', path, message, 'Close its brackets, as in ^(eth|ens).')];
    }
    if (patterns.every(isPlainPattern)) return [];
    const message = `Calico reads ${JSON.stringify(written)} differently than noencap, or not at all`;
    const fix =
      'Do not use flags such as (?i), classes such as [:digit:] or []a], or escapes other than \\. \\d \\s \\w \\b.';
    return [fault('interface-name', path, message, fix)];
  });
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/** calico-node dials the address over each family in turn: an IPv4 address yields no IPv6 address. */
function familyOfCanReach(draft: Draft, literal: IpAddress): Fault[] {
  return (podFamiliesOf(draft) ?? [])
    .filter((family) => family !== literal.family)
    .map((family) =>
      fault(
        'node-address-family',
        [...DETECTION, 'canReach'],
        `${literal.text} yields no ${FAMILY_NAME[family]} address for Calico, but pods have ${FAMILY_NAME[family]}`,
        'Give a host name that has an address of each family, or use interface or cidrs.',
      ),
    );
}
