import type { Answers } from './answers.ts';
import { LINK_KINDS } from './links.ts';
import { type Network, networkOf, type Site } from './network.ts';

/** The releases that a new network starts with. */
export interface Releases {
  readonly calico: string;
  readonly k3s: string;
}

/** K3s' release line that the install scripts and the lifecycle tests go through. */
export const FIRST_K3S = 'v1.34.5+k3s1';

/**
 * Where the engines read, as long as nobody has said it. No machine can have a name below .invalid (RFC 2606), so no engine ever reads
 * somebody else's repository by it, and `check` can tell it from one that is meant.
 */
export const placeholderURL = (name: string): string => `https://host.invalid/YOUR-NAME/${name}.git`;

/** A name as text: YAML reads `no`, `123`, `1e3` or `null` as something else. */
const scalar = (name: string): string =>
  /^[a-z]/.test(name) && !/^(true|false|null|yes|no|on|off|y|n)$/.test(name) ? name : JSON.stringify(name);

/** A line with a comment, which begins in the same column as those of others. */
const noted = (line: string, comment: string): string => `${line.padEnd(33)} # ${comment}`;

/** A first topology.yaml, in block style, so that a line is one fact in every later diff. */
export function topologyText(answers: Answers, releases: Releases, schema: string): string {
  const network = networkOf(answers);
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    '#',
    `# ${summary(answers)}`,
    '# All names and addresses are examples: replace them with yours, then run `npm run check`.',
    'version: 1',
    `name: ${scalar(answers.name)}`,
    ...head(answers, releases, network),
    '',
    ...regions(network),
    '',
    ...routers(answers, network),
    '',
    ...nodes(network),
    '',
    ...underlay(answers, network),
    '',
    ...accepted(answers),
  ];
  return `${lines.join('\n')}\n`;
}

const summary = ({ sites, link }: Answers): string =>
  sites === 1
    ? 'One site: a router, a K3s server and an agent.'
    : `${sites} sites over ${LINK_KINDS[link].title}, each with a router and two nodes.`;

function head(answers: Answers, releases: Releases, { ranges }: Network): string[] {
  return [
    '',
    'bgp:',
    noted('  asNumber: 64512', 'private: 64512 to 65534'),
    noted('pods:', 'routed without NAT: must be free everywhere in your network'),
    '  cidrs:',
    `    - ${ranges.pods}`,
    noted('  mtu: auto', 'the smallest on any path between pods, links included'),
    noted('services:', 'never routed, and must not overlap anything else'),
    '  cidrs:',
    '    - 10.43.0.0/16',
    'calico:',
    `  version: ${releases.calico}`,
    'k3s:',
    `  version: ${releases.k3s}`,
    'gitops:',
    noted(`  engine: ${answers.engine}`, 'argocd | flux | both'),
    ...(answers.repoURL === undefined
      ? [
          '  # Nobody has said where this repository will be: put its address here, as the engine is to read it.',
          `  repoURL: ${placeholderURL(answers.name)}`,
        ]
      : [`  repoURL: ${answers.repoURL}`]),
    '  targetRevision: main',
  ];
}

const regions = ({ sites }: Network): string[] => [
  noted('regions:', 'a region is a set of nodes that peer with the same router'),
  ...sites.flatMap(({ region, router }) => [`  ${region}:`, `    router: ${router}`]),
];

function routers({ router: kind, sites: count }: Answers, { sites }: Network): string[] {
  const all = sites.flatMap((site) => [
    `  ${site.router}:`,
    `    routerId: ${site.loopback}`,
    noted(`    nodeAddress: ${site.lan.gateway}`, 'where nodes peer with it'),
    ...(count === 1 ? [] : [`    backboneAddress: ${site.loopback}`]),
    noted('    ssh:', 'how deliveries reach it; its host key belongs into known_hosts'),
    `      host: ${site.lan.gateway}`,
    ...(kind === 'bird' ? ['    bird:', '      mode: standalone'] : []),
  ]);
  return [noted('routers:', 'machines that run BIRD 2'), ...routerNotes(kind, count), ...all];
}

function routerNotes(kind: Answers['router'], count: number): string[] {
  const loopbacks = [
    '  # A backboneAddress is on a loopback, where no dead link takes it along. On gateway-1, in a way that survives a reboot:',
    '  #   ip address add 10.255.255.1/32 dev lo',
  ];
  const bird =
    kind === 'bird'
      ? [
          '  # standalone: dist/routers/<router> has a whole bird.conf, with OSPF on the segments below. A router that runs',
          '  # something else in BIRD takes `mode: include`: its bird.conf then includes the files of noencap.',
        ]
      : [
          '  # Their bird.conf has the tables, the kernel protocol and OSPF on the segments below, and includes the files in',
          '  # dist/routers/<router>: docs/first-cluster.md of noencap lists what it must define.',
        ];
  return [...(count === 1 ? [] : loopbacks), ...bird];
}

const nodes = ({ sites }: Network): string[] => [
  noted('nodes:', 'machines that run K3s'),
  ...sites.flatMap(({ region, nodes: here }) =>
    here.flatMap(({ name, role, address }) => [
      `  ${name}:`,
      `    region: ${region}`,
      `    role: ${role}`,
      noted(`    address: ${address}`, 'where it peers from'),
    ]),
  ),
];

function underlay({ link }: Answers, { sites, links, ranges }: Network): string[] {
  const kind = LINK_KINDS[link];
  return [
    noted('underlay:', 'who shares a wire with whom, and how large an IP packet may be there'),
    '  segments:',
    ...sites.flatMap(lan),
    ...(links.length === 0 ? [] : ['', ...kind.carries(ranges).map((line) => `    # ${line}`)]),
    ...links.flatMap(({ name, cidr, mtu, members }) => [
      `    ${name}:`,
      `      cidr: ${cidr}`,
      noted(`      mtu: ${mtu}`, kind.mtuReason),
      '      members:',
      ...members.map(([router, address]) => `        ${router}: ${address}`),
    ]),
  ];
}

const lan = ({ lan: { name, cidr, gateway }, router, nodes: here }: Site): string[] => [
  `    ${name}:`,
  `      cidr: ${cidr}`,
  '      mtu: 1500',
  '      members:',
  `        ${router}: ${gateway}`,
  ...here.map((node) => `        ${node.name}: ${node.address}`),
];

/** What one of each costs: nothing else of such a network is found. */
function accepted({ sites, link }: Answers): string[] {
  const { shape, segment } = LINK_KINDS[link];
  const single: (readonly [where: string, reason: string])[] = [
    ...(sites === 1 ? [] : [['routers.gateway-*', 'each site has one router'] as const]),
    ['underlay.segments.lan-*', 'each site has one switch'],
    ...(sites === 2 || (sites > 2 && shape === 'shared')
      ? [
          [
            `underlay.segments.${shape === 'shared' ? segment : `${segment}-1-2`}`,
            'there is one link',
          ] as const,
        ]
      : []),
  ];
  return [
    noted('checks:', 'what `noencap check` finds and you accept, with the reason'),
    '  suppress:',
    ...single.flatMap(([where, reason]) => [
      '    - id: NE201',
      `      where: ${where}`,
      `      reason: ${reason}`,
    ]),
  ];
}
