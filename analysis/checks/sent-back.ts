import { acceptedBy, type NodeSpeaker } from '../../fabric/index.ts';
import { type Family, hostPrefix, type Prefix, parsePrefix } from '../../topology/address.ts';
import type { BgpFilter } from '../../topology/model.ts';
import type { Analysis } from '../analysis.ts';
import { type Check, type Found, someLines, someOf } from '../finding.ts';
import type { Link, Machine } from '../simulator/model.ts';

/**
 * NE418: a BGPFilter rule that accepts ends the export filter before Calico restricts it to the node's blocks, so the node exports all
 * that it learned from the kernel. BIRD refuses a route whose next hop is the receiving peer (`bgp_get_bucket` in 1.6,
 * `bgp_update_next_hop_ip` in 2), with an error in its log each time. Nothing is lost by it.
 */
export const routesSentBack: Check = (analysis) => {
  const { fabric, network } = analysis;
  if (fabric.calico.filters.length === 0) return [];
  const sent = network.machines.flatMap((machine) => sentBackBy(analysis, machine));
  return fabric.calico.filters.flatMap((filter): Found[] => {
    const ofFilter = sent.filter((one) => one.filter === filter);
    if (ofFilter.length === 0) return [];
    return [
      {
        id: 'NE418',
        severity: 'warning',
        path: [...filter.path, 'export'],
        message: `filter ${filter.name} exports routes whose next hop is the router they are sent to`,
        evidence: [
          ...someLines(
            ofFilter.map(
              ({ node, router, routes }) => `${node} to ${router}: ${someOf(routes.map(nameOf), 3)}`,
            ),
            3,
          ),
          'BIRD on the node does not send these and logs an error for each: Invalid NEXT_HOP attribute',
        ],
        fix: 'Accept only prefixes inside the pools (cidr, operator: In), and leave the rest to Calico.',
      },
    ];
  });
};

interface SentBack {
  readonly filter: BgpFilter;
  readonly node: string;
  readonly router: string;
  readonly routes: readonly Prefix[];
}

function sentBackBy(analysis: Analysis, machine: Machine): SentBack[] {
  const { fabric, network } = analysis;
  const { speaker } = machine;
  if (speaker?.kind !== 'node') return [];
  return (network.linksOf[machine.index] ?? [])
    .filter(({ session }) => session.kind === 'reflector')
    .flatMap((link): SentBack[] => {
      const router = network.machines[link.peer]?.name ?? '';
      const accepted = (prefix: Prefix) => acceptedBy(fabric, speaker as NodeSpeaker, router, prefix);
      const routes = routesBy(analysis, machine, link).filter((prefix) => accepted(prefix) !== undefined);
      const [first] = routes;
      const filter = first && accepted(first);
      return filter === undefined ? [] : [{ filter, node: machine.name, router, routes }];
    });
}

/** A node's kernel routes whose only next hop is the peer's address: its default route and IGP routes. */
function routesBy({ network, simulation }: Analysis, machine: Machine, link: Link): Prefix[] {
  const { transport } = link.session;
  const byDefault = machine.defaults.some(
    ({ family, via }) => family === transport && via === link.peerAddress,
  );
  // OSPFv3's next hops are link-local addresses, never a peer's.
  const byIgp = transport === 'ipv4' && machine.igp.includes('ipv4') ? network.addresses : [];
  const found = byIgp.flatMap(({ address, on }, index): Prefix[] => {
    if (address.family !== transport) return [];
    const { source, hops } = simulation.underlay.way(machine.index, index);
    const [hop] = hops;
    const isBy =
      source === 'kernel' &&
      hops.length === 1 &&
      network.addressAt[transport].get(hop as number) === link.peerAddress;
    const range = network.segments[on]?.range[transport];
    return isBy ? [range ?? hostPrefix(address)] : [];
  });
  const all = [...(byDefault ? [DEFAULT[transport]] : []), ...found];
  return [...new Map(all.map((prefix) => [prefix.text, prefix])).values()];
}

const DEFAULT: Readonly<Record<Family, Prefix>> = { ipv4: prefixFrom('0.0.0.0/0'), ipv6: prefixFrom('::/0') };

function prefixFrom(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(`${text} is not a valid prefix`);
  return parsed.prefix;
}

const nameOf = ({ length, text }: Prefix): string => (length === 0 ? 'its default route' : text);
