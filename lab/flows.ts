import { nodeBlocks } from '../fabric/index.ts';
import { addressBits, contains, type IpAddress, ipAddress } from '../topology/address.ts';
import { must } from './boot.ts';
import type { Lab } from './lab.ts';
import type { LabPod } from './model.ts';
import { batch } from './wiring.ts';

/** What a pod pings, and its source address. */
export interface Asked {
  readonly pod: LabPod;
  readonly source: IpAddress;
  readonly target: { readonly node: string; readonly address: string };
}

/** One of several flows for the same question. */
export interface Flow {
  readonly asked: Asked;
  /** Its source: the pod's own address, or an additional one. */
  readonly source: IpAddress;
  /** How many they are. */
  readonly of: number;
}

/** For a single path. */
export const onlyFlow = (asked: Asked): Flow => ({ asked, source: asked.source, of: 1 });

/**
 * Flows that together take every one of several equal paths. Kernels choose by a hash of both addresses, with a new seed at each boot:
 * the first of two next hops has the lower half of the hashes, the second the upper half, and so on with more. So a pod gets additional
 * addresses from its node's block until the hashes of its flows to a target cover each of these ranges. Then each of up to four next hops is
 * used, on any machine and at any time of a change, and on the way back, too, where the hash is the same.
 */
export async function flowsOverAll(lab: Lab, asked: readonly Asked[]): Promise<Flow[]> {
  if (asked.length === 0) return [];
  const { ranges, spares } = asked.length > MANY ? LARGE : SMALL;
  const found = asked.map((one) => ({ one, sources: new Map<number, IpAddress>() }));
  const spareOf = spareAddresses(lab);
  await must(lab.holder, scratch(lab.hasIpv6), 'A namespace for the hash could not be made');
  // Most find theirs among the first ones.
  for (let begin = 0, end = 8; begin < spares; [begin, end] = [end, Math.min(spares, end * 3)]) {
    const tried = found
      .filter(({ sources }) => sources.size < ranges.length)
      .flatMap(({ one, sources }) => {
        const others = spareOf(one).slice(begin, end);
        return [...(begin === 0 ? [one.source] : []), ...others].map((source) => ({ one, source, sources }));
      });
    const places = await placesOf(lab, tried);
    for (const [index, { source, sources }] of tried.entries()) {
      const place = places[index];
      const range = ranges.findIndex(
        ([first, last]) => place !== undefined && place >= first && place <= last,
      );
      if (range >= 0 && !sources.has(range)) sources.set(range, source);
    }
  }
  await lab.holder.run(`ip netns del ${SCRATCH}`);
  const flows = found.flatMap(({ one, sources }): Flow[] => {
    // The pod's own flow is always sent.
    const all = [...new Set([one.source, ...sources.values()])];
    return all.map((source) => ({ asked: one, source, of: all.length }));
  });
  await must(lab.holder, additions(flows), 'Pods could not be given further addresses');
  return flows;
}

/** Removes what pods were given for these flows. */
export const withoutFlows = (lab: Lab, flows: readonly Flow[]) => lab.holder.run(removed(flows));

/** Of 12 equal parts of all hashes: each lies within one part of two, of three and of four. */
const PARTS = 12;
const SMALL = {
  ranges: [
    [0, 2],
    [4, 5],
    [6, 7],
    [9, 11],
  ],
  spares: 72,
} as const;

/** In a large network only two equal paths are distinguished: each additional address is one more process. */
const MANY = 400;
const LARGE = {
  ranges: [
    [0, 5],
    [6, 11],
  ],
  spares: 8,
} as const;

/** No machine has this name. */
const SCRATCH = 'HASH';

const hopsOf = (family: IpAddress['family']): string[] =>
  Array.from({ length: PARTS }, (_, at) =>
    family === 'ipv4' ? `169.254.7.${at + 1}` : `fe80::${(at + 1).toString(16)}`,
  );

/** A machine with a route with this many next hops that lead nowhere: the next hop chosen for a packet shows where its hash lies. */
function scratch(hasIpv6: boolean): string {
  const route = (family: IpAddress['family']) =>
    `route add ${family === 'ipv4' ? '0.0.0.0/0' : '::/0'} ${hopsOf(family)
      .map((via) => `nexthop via ${via} dev out onlink`)
      .join(' ')}`;
  return [
    'set -eu',
    `ip netns add ${SCRATCH}`,
    `nsenter --net=/run/netns/${SCRATCH} sh -c 'cd /proc/sys/net; echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding'`,
    batch(SCRATCH, [
      'link set lo up',
      ...['in', 'out'].flatMap((name) => [
        `link add ${name} type veth peer name ${name}-end`,
        `link set ${name} up`,
        `link set ${name}-end up`,
      ]),
      route('ipv4'),
      ...(hasIpv6 ? [route('ipv6')] : []),
    ]),
    `nsenter --net=/run/netns/${SCRATCH} sh -c 'cd /proc/sys/net/ipv4/conf; for one in all in; do echo 0 >$one/rp_filter; done'`,
  ].join('\n');
}

/** The part in which the hash of each of these lies; undefined if the kernel does not say. */
async function placesOf(
  lab: Lab,
  asked: readonly { readonly one: Asked; readonly source: IpAddress }[],
): Promise<(number | undefined)[]> {
  const name = (to: string, from: string) => `${to} from ${from}`;
  const questions = asked.map(({ one: { target }, source }) => {
    // In IPv6 the next header is part of the hash.
    const protocol = source.family === 'ipv6' ? ' ipproto ipv6-icmp' : '';
    return `route get ${name(target.address, source.text)} iif in${protocol}`;
  });
  const { stdout } = await lab.holder.run(
    `ip -n ${SCRATCH} -o -force -batch - 2>/dev/null <<'END' || :\n${questions.join('\n')}\nEND`,
  );
  const hops = new Map(
    (['ipv4', 'ipv6'] as const).flatMap((family) => hopsOf(family).map((via, at) => [via, at] as const)),
  );
  const places = new Map(
    [...stdout.matchAll(/^(\S+ from \S+) via (\S+)/gm)].map(([, flow = '', via = '']) => [
      flow,
      hops.get(via),
    ]),
  );
  return asked.map(({ one: { target }, source }) => places.get(name(target.address, source.text)));
}

/** The last addresses of a pod's block, which no pod has. */
function spareAddresses({ fabric, plan }: Lab): (one: Asked) => IpAddress[] {
  const blocks = nodeBlocks(fabric);
  const taken = new Set(
    plan.pods.flatMap((pod) => [...pod.addresses, ...pod.borrowed].map(({ text }) => text)),
  );
  return ({ pod, source }) => {
    const block = blocks.get(pod.node)?.find((one) => contains(one, source));
    if (block === undefined) return [];
    const size = 1n << BigInt(addressBits(block.family) - block.length);
    const count = Number(size < BigInt(SMALL.spares) ? size : BigInt(SMALL.spares));
    return Array.from({ length: count }, (_, at) =>
      ipAddress(block.family, block.value + size - 1n - BigInt(at)),
    ).filter(({ text }) => !taken.has(text));
  };
}

/** The node's routes to them are in a separate table, invisible to BIRD and to commands that show its routes. */
const TABLE = 78;
const RULE = `pref 50 lookup ${TABLE}`;

/** By pod, the addresses that are not its own. */
function furtherAddresses(flows: readonly Flow[]): { pod: LabPod; addresses: IpAddress[] }[] {
  const pods = new Map<LabPod, Map<string, IpAddress>>();
  for (const {
    asked: { pod },
    source,
  } of flows) {
    if (pod.addresses.some(({ text }) => text === source.text)) continue;
    pods.set(pod, (pods.get(pod) ?? new Map()).set(source.text, source));
  }
  return [...pods].map(([pod, sources]) => ({ pod, addresses: [...sources.values()] }));
}

const withLength = ({ text, family }: IpAddress): string => `${text}/${addressBits(family)}`;
const FAMILIES = ['-4', '-6'] as const;

const additions = (flows: readonly Flow[]): string =>
  [
    'set -eu',
    ...furtherAddresses(flows).flatMap(({ pod: { netns, node, veth }, addresses }) => [
      ...FAMILIES.map((family) => `ip -n ${node} ${family} rule add ${RULE}`),
      batch(
        node,
        addresses.map((one) => `route add ${withLength(one)} dev ${veth} scope link table ${TABLE}`),
      ),
      // The flow label is part of the hash, too.
      `nsenter --net=/run/netns/${netns} sh -c 'echo 0 >/proc/sys/net/ipv6/auto_flowlabels'`,
      batch(
        netns,
        addresses.map(
          (one) =>
            `addr add ${withLength(one)} dev eth0${one.family === 'ipv6' ? ' nodad preferred_lft 0' : ''}`,
        ),
      ),
    ]),
  ].join('\n');

/** The node, or its pod, may be gone by then. */
const removed = (flows: readonly Flow[]): string =>
  furtherAddresses(flows)
    .flatMap(({ pod: { netns, node }, addresses }) => [
      batch(
        netns,
        addresses.map((one) => `addr del ${withLength(one)} dev eth0`),
      ),
      ...FAMILIES.map(
        (family) =>
          `ip -n ${node} ${family} rule del ${RULE}; ip -n ${node} ${family} route flush table ${TABLE}`,
      ),
    ])
    .join('\n');
