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

/** What depends on Calico's version, and how its nodes find their address. */
export const calicoRules = (draft: Draft): Fault[] => [
  ...versionFaults(draft),
  ...apiFaults(draft),
  ...detectionFaults(draft),
];

/** The minor of v3, where the version could be read and is one that noencap knows something about. */
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
    const says = older
      ? `${version} is older than v3.${OLDEST_MINOR}, the oldest that noencap writes for`
      : `${version} is newer than v3.${NEWEST_MINOR}, the newest that noencap knows the fields of`;
    const mend = older ? `Use ${carried}.` : `Use ${carried}, or update noencap to a release that knows it.`;
    return [fault('calico-unsupported', path, says, mend)];
  }
  if (operatorManifest !== undefined || draft.faulty('calico', 'operatorManifest')) return [];
  const update = isPatchAhead(version) ? ', or update noencap to a release that carries it' : '';
  const mend = `Use ${carried}${update}; or save that version's tigera-operator.yaml beside the topology and name it: operatorManifest: {path: ..., sha256: ...}.`;
  return [fault('calico-not-carried', path, `noencap does not carry the operator of ${version}`, mend)];
}

/** Whether it is a later patch than the one that is carried of its minor: what somebody proposes who looks at Calico's releases. */
function isPatchAhead(version: string): boolean {
  const [, minor, patch] = version.split('.').map(Number);
  return CARRIED.some((one) => {
    const [, ours, known] = one.split('.').map(Number);
    return ours === minor && (patch ?? 0) > (known ?? 0);
  });
}

function apiFaults(draft: Draft): Fault[] {
  const { api, version } = draft.file.calico ?? {};
  if (api === undefined || draft.faulty('calico', 'api')) return [];
  const path = ['calico', 'api'];
  if (typeof api === 'object' && api.from === api.to) {
    const says = `moves from ${api.from} to itself`;
    return [fault('calico-api-move', path, says, `Write api: ${api.from}, or give the other group as to.`)];
  }
  const minor = knownMinor(draft);
  const groups = typeof api === 'string' ? [api] : [api.from, api.to];
  if (!groups.includes('projectcalico.org/v3') || minor === undefined || minor >= SINCE.apiV3) return [];
  const says = `projectcalico.org/v3 needs Calico v3.${SINCE.apiV3}, and calico.version is ${version}`;
  return [fault('calico-api-version', path, says, 'Use crd.projectcalico.org/v1, or a later version.')];
}

const DETECTION: Path = ['calico', 'nodeAddress'];

function detectionFaults(draft: Draft): Fault[] {
  const detection = draft.file.calico?.nodeAddress;
  if (typeof detection !== 'object' || draft.faulty(...DETECTION)) return [];
  const ways = (['interface', 'skipInterface', 'canReach', 'cidrs'] as const).filter(
    (key) => detection[key] !== undefined,
  );
  if (ways.length !== 1) {
    const says = ways.length === 0 ? 'names no way' : `names ${ways.length} ways: ${listed(ways, 'and')}`;
    return [
      fault(
        'node-address-ways',
        DETECTION,
        says,
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
        `holds no ${FAMILY_NAME[family]} range, and pods have ${FAMILY_NAME[family]}`,
        `Add the ${FAMILY_NAME[family]} range of the nodes' addresses, or Calico finds none.`,
      ),
    ),
    ...entries(draft.file.nodes).flatMap(([name, { address }]) =>
      covered.flatMap((family) => {
        const one = address?.[family];
        if (one === undefined || cidrs.some((cidr) => contains(cidr, one))) return [];
        return fault(
          'node-address-outside',
          partPath(draft, ['nodes', name, 'address'], family),
          `${one.text} is in none of calico.nodeAddress.cidrs, so Calico on ${name} would peer from another address`,
          'Add its range there, or correct the address.',
        );
      }),
    ),
  ];
}

/** What does not compile would leave calico-node without an address. */
function patternFaults(
  detection: Partial<Record<'interface' | 'skipInterface', string | undefined>>,
): Fault[] {
  return (['interface', 'skipInterface'] as const).flatMap((key) => {
    const written = detection[key];
    if (written === undefined) return [];
    const patterns = interfacePatterns(written);
    const path = [...DETECTION, key];
    if (!patterns.every(compiles)) {
      const says = `${JSON.stringify(written)} is no regular expression`;
      return [fault('interface-name', path, says, 'Close what it opens, as in ^(eth|ens).')];
    }
    if (patterns.every(isPlainPattern)) return [];
    const says = `${JSON.stringify(written)} means something else to Calico than to noencap, or nothing`;
    const mend =
      'Leave out flags such as (?i), classes such as [:digit:] or []a], and escapes but \\. \\d \\s \\w \\b.';
    return [fault('interface-name', path, says, mend)];
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

/** calico-node dials the address over each family in turn: an IPv4 address has no answer for IPv6. */
function familyOfCanReach(draft: Draft, literal: IpAddress): Fault[] {
  return (podFamiliesOf(draft) ?? [])
    .filter((family) => family !== literal.family)
    .map((family) =>
      fault(
        'node-address-family',
        [...DETECTION, 'canReach'],
        `${literal.text} tells Calico no ${FAMILY_NAME[family]} address, and pods have ${FAMILY_NAME[family]}`,
        'Give a host name that has an address of each family, or use interface or cidrs.',
      ),
    );
}
