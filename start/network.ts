import type { Answers } from './answers.ts';
import { LINK_KINDS, type Ranges } from './links.ts';

/** A first network: sites alike, each with one router and two nodes. */
export interface Network {
  readonly sites: readonly Site[];
  readonly links: readonly LinkSegment[];
  readonly ranges: Ranges;
}

export interface Site {
  readonly region: string;
  readonly router: string;
  /** Of the router: its ID, and where other routers peer with it; with one site, its address on the LAN. */
  readonly loopback: string;
  readonly lan: { readonly name: string; readonly cidr: string; readonly gateway: string };
  readonly nodes: readonly {
    readonly name: string;
    readonly role: 'server' | 'agent';
    readonly address: string;
  }[];
}

export interface LinkSegment {
  readonly name: string;
  readonly cidr: string;
  readonly mtu: number;
  /** Routers and their addresses. */
  readonly members: readonly (readonly [router: string, address: string])[];
}

/** Site 3 is 10.10.3.0/24, its router 10.255.255.3; the link between sites 1 and 3 is 10.254.1.12/30. */
export function networkOf({ sites: count, link }: Pick<Answers, 'sites' | 'link'>): Network {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return {
    sites: numbers.map((number) => site(number, count)),
    links: count === 1 ? [] : linksBetween(numbers, link),
    ranges: {
      pods: '10.42.0.0/16',
      lans: '10.10.0.0/16',
      loopbacks: '10.255.255.0/24',
      links: '10.254.0.0/16',
    },
  };
}

const routerOf = (site: number): string => `gateway-${site}`;

function site(number: number, count: number): Site {
  const lan = `10.10.${number}`;
  return {
    region: `site-${number}`,
    router: routerOf(number),
    loopback: count === 1 ? `${lan}.1` : `10.255.255.${number}`,
    lan: { name: `lan-${number}`, cidr: `${lan}.0/24`, gateway: `${lan}.1` },
    nodes: [
      { name: `kube-${number}a`, role: number === 1 ? 'server' : 'agent', address: `${lan}.11` },
      { name: `kube-${number}b`, role: 'agent', address: `${lan}.12` },
    ],
  };
}

function linksBetween(sites: readonly number[], link: Answers['link']): LinkSegment[] {
  const { shape, segment, mtu } = LINK_KINDS[link];
  if (shape === 'shared') {
    return [
      {
        name: segment,
        cidr: '10.254.0.0/24',
        mtu,
        members: sites.map((number) => [routerOf(number), `10.254.0.${number}`] as const),
      },
    ];
  }
  return sites.flatMap((from) =>
    sites
      .filter((to) => to > from)
      .map((to) => ({
        name: `${segment}-${from}-${to}`,
        cidr: `10.254.${from}.${4 * to}/30`,
        mtu,
        members: [
          [routerOf(from), `10.254.${from}.${4 * to + 1}`],
          [routerOf(to), `10.254.${from}.${4 * to + 2}`],
        ] as const,
      })),
  );
}
