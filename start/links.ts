import type { Link } from './answers.ts';

/** What joins the routers of two or more sites. */
export interface LinkKind {
  /** In a sentence: `two sites over WireGuard`. */
  readonly title: string;
  /** One segment for each pair of sites, or one for all. */
  readonly shape: 'pairs' | 'shared';
  /** Of its segments: `wg-1-2`, or the one name. */
  readonly segment: string;
  /** The largest IP packet. */
  readonly mtu: number;
  /** Why that is its MTU. */
  readonly mtuReason: string;
  /** What it carries and what must be let through, a line each. `ranges` are those of this network. */
  readonly carries: (ranges: Ranges) => readonly string[];
}

/** Where a network's addresses are, for what filters by address. */
export interface Ranges {
  readonly pods: string;
  readonly lans: string;
  readonly loopbacks: string;
  readonly links: string;
}

/**
 * WireGuard drops, without a message, what is in no peer's AllowedIPs, by source as well as by destination: BGP comes up and nodes reach each
 * other while every packet between pods is lost. OSPF's multicast can belong to one peer of an interface only, hence one
 * interface for each link. Tailscale has no multicast at all, and its AllowedIPs are what an administrator approves per machine, which cannot
 * follow blocks of pods; a tunnel inside it carries both.
 */
export const LINK_KINDS: Readonly<Record<Link, LinkKind>> = {
  wireguard: {
    title: 'WireGuard',
    shape: 'pairs',
    segment: 'wg',
    mtu: 1420,
    mtuReason: '1500 - 80, which fits IPv6 outside as well; 1412 where an uplink is PPPoE',
    carries: ({ pods, lans, loopbacks, links }) => [
      'A WireGuard interface for each link, with one peer. Its configuration has `Table = off`, because BIRD sets the',
      'routes, and the AllowedIPs of the peer are 0.0.0.0/0, or at least all of these:',
      `  ${pods} (pods), ${lans} (LANs), ${loopbacks} (routers), ${links} (links), 224.0.0.5/32 (OSPF)`,
      'Without the pods, sessions come up and nodes reach each other, but pods of two sites do not.',
    ],
  },
  zerotier: {
    title: 'ZeroTier',
    shape: 'shared',
    segment: 'zerotier',
    mtu: 2800,
    mtuReason: "ZeroTier's default, it splits packets itself; the network's own setting, if it has one",
    carries: () => [
      "One ZeroTier network with all routers. It is an Ethernet: its default flow rules let pods' packets and OSPF's",
      'multicast (224.0.0.5, 224.0.0.6) through. Rules of your own must do so, too; a rule for ipauth must not be set.',
      'Give the members these addresses by hand, and no managed routes: BIRD sets the routes.',
    ],
  },
  tailscale: {
    title: 'Tailscale',
    shape: 'pairs',
    segment: 'ts',
    mtu: 1230,
    mtuReason: "Tailscale's 1280 - 50 of VXLAN",
    carries: () => [
      'Tailscale carries no multicast, hence no OSPF, and only packets from and to addresses of its machines or routes',
      'that somebody approved; blocks of pods change. So a VXLAN tunnel inside it is the link, for example:',
      '  ip link add ts-1-2 mtu 1230 type vxlan id 12 dstport 4789 local TAILSCALE-IP remote THE-OTHERS-TAILSCALE-IP',
      'Its access rules must let UDP 4789 through between the routers.',
    ],
  },
  lan: {
    title: 'one Ethernet',
    shape: 'shared',
    segment: 'interlink',
    mtu: 1500,
    mtuReason: 'Ethernet; less where a provider says so',
    carries: () => [
      'An Ethernet between the routers: a fibre, a VLAN, or a provider that carries all of it, multicast',
      '(224.0.0.5, 224.0.0.6) and the packets of pods included. Routers that it hides behind NAT need another kind of link.',
    ],
  },
};
