import { parsePrefix } from '../topology/address.ts';
import type { Cluster } from './cluster.ts';
import { type ClusterObject, fieldAt, textOf } from './cluster-objects.ts';
import { type Note, within } from './facts.ts';

/** A pool of the cluster, by the Installation or kept by hand. */
export interface FoundPool {
  readonly object: ClusterObject;
  readonly path: readonly (string | number)[];
  readonly name: string;
  readonly cidr: unknown;
  readonly blockSize: unknown;
  readonly nat: boolean;
  readonly encapsulation: string;
  /** Why pods get no address of it; undefined where they do. */
  readonly unused: string | undefined;
}

/** The pools that pods have addresses of; every other is named with why. */
export function podPools(
  running: Cluster,
  installation: ClusterObject | undefined,
): { readonly pools: readonly FoundPool[]; readonly notes: readonly Note[] } {
  const listed = ofInstallation(installation);
  const known = new Set(listed.map(({ cidr }) => canonical(cidr)));
  // The operator makes an IPPool of each that the Installation lists.
  const own = ofObjects(running).filter(({ cidr }) => !known.has(canonical(cidr)));
  const all = [...listed, ...own];
  return {
    pools: all.filter(({ unused }) => unused === undefined),
    notes: all.flatMap(({ name, unused, object, path }): Note[] =>
      unused === undefined
        ? []
        : [
            {
              what: `pool ${name}`,
              says: `${unused}; it stays as it is`,
              at: within(object, ...path, 'cidr'),
            },
          ],
    ),
  };
}

const canonical = (cidr: unknown): string => {
  const parsed = parsePrefix(textOf(cidr));
  return parsed.ok ? parsed.prefix.text : textOf(cidr);
};

/** Where nothing is said, a pool is for pods and tunnels. */
function unusedBy(uses: unknown, isDisabled: boolean): string | undefined {
  if (isDisabled) return 'it is disabled: no pod gets an address of it any more';
  if (!Array.isArray(uses) || uses.length === 0 || uses.includes('Workload')) return undefined;
  return `it is for ${uses.map(textOf).join(' and ')}, not for pods`;
}

function ofInstallation(installation: ClusterObject | undefined): FoundPool[] {
  const listed = fieldAt(installation?.value, ['spec', 'calicoNetwork', 'ipPools']);
  if (installation === undefined || !Array.isArray(listed)) return [];
  return listed.map((pool, index): FoundPool => {
    const field = (name: string) => fieldAt(pool, [name]);
    const isIpv6 = textOf(field('cidr')).includes(':');
    return {
      object: installation,
      path: ['spec', 'calicoNetwork', 'ipPools', index],
      name: textOf(field('name') ?? field('cidr')),
      cidr: field('cidr'),
      blockSize: field('blockSize'),
      // What the operator takes where nothing is written.
      nat: (field('natOutgoing') ?? (isIpv6 ? 'Disabled' : 'Enabled')) === 'Enabled',
      encapsulation: textOf(field('encapsulation') ?? (isIpv6 ? 'None' : 'IPIP')),
      unused: unusedBy(field('allowedUses'), field('disableNewAllocations') === true),
    };
  });
}

const ofObjects = (running: Cluster): FoundPool[] =>
  running.of('IPPool').map((object): FoundPool => {
    const spec = (field: string) => fieldAt(object.value, ['spec', field]);
    const modes = [spec('ipipMode'), spec('vxlanMode')].filter(
      (mode) => mode !== undefined && mode !== 'Never',
    );
    return {
      object,
      path: ['spec'],
      name: object.name,
      cidr: spec('cidr'),
      blockSize: spec('blockSize'),
      nat: spec('natOutgoing') === true,
      encapsulation:
        modes.length === 0
          ? 'None'
          : `${spec('ipipMode') === modes[0] ? 'IPIP' : 'VXLAN'} ${textOf(modes[0])}`,
      unused: unusedBy(spec('allowedUses'), spec('disabled') === true),
    };
  });
