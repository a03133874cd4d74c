import { type Family, parsePrefix } from '../topology/address.ts';
import type { Cluster } from './cluster.ts';
import { type ClusterObject, fieldAt, textOf } from './cluster-objects.ts';
import { type Note, within } from './facts.ts';

/** A pool of the cluster, from the Installation or created by hand. */
export interface FoundPool {
  readonly object: ClusterObject;
  readonly path: readonly (string | number)[];
  readonly name: string;
  readonly cidr: unknown;
  readonly blockSize: unknown;
  readonly nat: boolean;
  readonly encapsulation: string;
  /** Why pods get no address from it; undefined if they do. */
  readonly unused: string | undefined;
}

/** The pools that pods get addresses from; every other pool is noted with the reason. */
export function podPools(
  running: Cluster,
  installation: ClusterObject | undefined,
): { readonly pools: readonly FoundPool[]; readonly notes: readonly Note[] } {
  const listed = ofInstallation(installation);
  const made = ofObjects(running);
  const listedCidrs = new Set(listed.map(({ cidr }) => canonical(cidr)));
  // The operator creates an IPPool for each pool of the Installation, and Calico uses the IPPool, including later manual changes.
  const all = [
    ...listed.map((one) => asItRuns(one, made)),
    ...made.filter(({ cidr }) => !listedCidrs.has(canonical(cidr))),
  ];
  const pools = all.filter(({ unused }) => unused === undefined);
  const taken = new Map<Family, FoundPool>();
  for (const pool of pools) if (!taken.has(familyOf(pool))) taken.set(familyOf(pool), pool);
  return {
    pools,
    notes: all.flatMap((pool): Note[] => {
      const { name, unused, object, path } = pool;
      const first = taken.get(familyOf(pool));
      const message =
        unused !== undefined
          ? `${unused}; it stays as it is`
          : first !== pool
            ? `it is a second pool besides ${first?.name}, but a topology has one pool per family`
            : undefined;
      return message === undefined
        ? []
        : [{ what: `pool ${name}`, message, at: within(object, ...path, 'cidr') }];
    }),
  };
}

/** A pool of the Installation, overridden by its IPPool where they differ. */
function asItRuns(listed: FoundPool, made: readonly FoundPool[]): FoundPool {
  const runs = made.find(({ cidr }) => canonical(cidr) === canonical(listed.cidr));
  if (runs === undefined) return listed;
  const isSame =
    runs.encapsulation.split(' ')[0] === listed.encapsulation.replace('CrossSubnet', '') &&
    runs.unused === listed.unused &&
    runs.nat === listed.nat &&
    (runs.blockSize === undefined || runs.blockSize === listed.blockSize);
  return isSame ? listed : { ...runs, blockSize: runs.blockSize ?? listed.blockSize };
}

const familyOf = ({ cidr }: FoundPool): Family => (textOf(cidr).includes(':') ? 'ipv6' : 'ipv4');

export const canonical = (cidr: unknown): string => {
  const parsed = parsePrefix(textOf(cidr));
  return parsed.ok ? parsed.prefix.text : textOf(cidr);
};

/** By default a pool is for pods and tunnels. */
function unusedBy(uses: unknown, isDisabled: boolean): string | undefined {
  if (isDisabled) return 'it is disabled: no pod gets an address from it any more';
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
      // The operator's default.
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
