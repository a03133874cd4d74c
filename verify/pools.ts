import { ipPool } from '../calico/defaults.ts';
import { calicoHas } from '../calico/releases.ts';
import type { Fabric } from '../fabric/index.ts';
import { parsePrefix } from '../topology/address.ts';
import type { Pool } from '../topology/model.ts';
import type { ClusterLook, PoolFacts } from './cluster-look.ts';
import { typed } from './typed.ts';
import { unreadVerdict } from './unread.ts';
import { asPromised, different, type Subject, type Verdict } from './verdict.ts';
import { writtenBy } from './written-by.ts';

/** Each pool of the topology is an IPPool without encapsulation, and there is no other. */
export function poolVerdicts(fabric: Fabric, look: ClusterLook): Verdict[] {
  const { pools: read } = look;
  const { pools } = fabric.pods;
  const of = (name: string): Subject => ({ kind: 'pool', name });
  if (!read.ok) {
    return pools.map(({ cidr }) => unreadVerdict(fabric, look, read.why, of(cidr.text), 'pool'));
  }
  const there = new Map(read.value.map((pool) => [canonical(pool.cidr), pool]));
  const ours = new Set(pools.map(({ cidr }) => cidr.text));
  return [
    ...pools.map((pool) => {
      const facts = there.get(pool.cidr.text);
      const about = of(pool.cidr.text);
      if (facts === undefined) {
        const next = 'kubectl describe tigerastatus ippools';
        return different({ about, kind: 'pool-missing', expected: 'an IPPool', found: 'none', next });
      }
      const wrong = differences(fabric, pool, facts);
      if (wrong.length === 0) return asPromised({ about, kind: 'pool' });
      return different({
        about,
        kind: 'pool-differs',
        expected: wrong.map(([field, expected]) => `${field} ${expected}`).join(', '),
        found: wrong.map(([field, , found]) => `${field} ${found}`).join(', '),
        cause: writtenBy(fabric, facts),
        next: typed`kubectl get ippools ${facts.name} -o yaml --show-managed-fields`,
      });
    }),
    ...read.value
      .filter(({ cidr }) => !ours.has(canonical(cidr)))
      .map((facts) =>
        different({
          about: of(canonical(facts.cidr)),
          kind: 'pool-by-hand',
          expected: 'no such pool',
          found: `IPPool ${facts.name}${facts.isDisabled ? ', disabled' : ''}`,
          cause: writtenBy(fabric, facts),
          next: typed`kubectl get ippools ${facts.name} -o yaml --show-managed-fields`,
        }),
      ),
  ];
}

const canonical = (cidr: string): string => {
  const parsed = parsePrefix(cidr);
  return parsed.ok ? parsed.prefix.text : cidr;
};

/** Field, expected, found. What is unset has Calico's default; a retiring pool is one that the operator disables. */
function differences({ pods, calico }: Fabric, { cidr, blockSize, retiring }: Pool, facts: PoolFacts) {
  const usual = ipPool(cidr.family);
  const fields: readonly (readonly [field: string, expected: string, found: string])[] = [
    ['blockSize', String(blockSize), String(facts.blockSize ?? usual.blockSize)],
    ['ipipMode', 'Never', facts.ipipMode ?? 'Never'],
    ['vxlanMode', 'Never', facts.vxlanMode ?? 'Never'],
    ['natOutgoing', String(pods.natOutgoing), String(facts.natOutgoing)],
    ['nodeSelector', usual.nodeSelector, facts.nodeSelector ?? usual.nodeSelector],
    ['disableBGPExport', String(usual.disableBGPExport), String(facts.disableBGPExport)],
    // An older Installation cannot say it, so somebody does it by hand.
    ...(calicoHas(calico.version, 'poolDetails')
      ? ([['disabled', String(retiring), String(facts.isDisabled)]] as const)
      : []),
  ];
  return fields.filter(([, expected, found]) => expected !== found);
}
