import { LEAST_IPV6_MTU } from '../address.ts';
import type { Draft, Drafted } from '../draft.ts';
import { entries, has } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import type { TopologyFile } from '../schema.ts';

/** What a router's configuration must agree with: other routers' IDs, BIRD's single symbol namespace, its folders. */
export const routerRules = (draft: Draft): Fault[] => [
  ...routerIds(draft),
  ...entries(draft.file.routers).flatMap(([name, router]) => [
    ...birdSymbols(['routers', name, 'bird'], router.bird),
    ...passwordFile(['routers', name, 'password', 'file'], router),
    ...interfacesOfStandalone(draft, name, router),
  ]),
];

type RouterDraft = Drafted<TopologyFile['routers'][string]>;
type SegmentDraft = Drafted<NonNullable<TopologyFile['underlay']>['segments'][string]>;

/** RFC 6286: a session between two speakers with one identifier is refused. Calico's is the node's IPv4 address. */
function routerIds(draft: Draft): Fault[] {
  const first = new Map<bigint, Path>();
  const nodeWith = new Map<bigint, string>();
  for (const [name, { address }] of entries(draft.file.nodes)) {
    if (address?.ipv4 !== undefined) nodeWith.set(address.ipv4.value, name);
  }
  return entries(draft.file.routers).flatMap(([name, { routerId }]): Fault[] => {
    if (routerId === undefined) return [];
    const path = ['routers', name, 'routerId'];
    const other = first.get(routerId.value);
    if (other !== undefined) {
      const message = `${routerId.text} is also the router ID of ${other[1]}`;
      return [
        fault(
          'router-id-twice',
          path,
          message,
          'Give each router its own ID: BGP refuses a peer with the same ID.',
          {
            notes: [{ path: other, message: 'first used here' }],
          },
        ),
      ];
    }
    first.set(routerId.value, path);
    const node = nodeWith.get(routerId.value);
    if (node === undefined) return [];
    const message = `${routerId.text} is the address of node ${node}, and therefore its router ID in Calico`;
    return [
      fault('router-id-of-node', path, message, 'Use another: BGP refuses a peer with the same router ID.', {
        notes: [{ path: ['nodes', node, 'address'], message: 'the node' }],
      }),
    ];
  });
}

/** Symbols that k3s/ibgp.conf and a standalone bird.conf define: see routers/. */
const OUR_SYMBOLS = new Set([
  'device1',
  'direct1',
  'bfd1',
  'kernel_ipv4',
  'kernel_ipv6',
  'ospf_ipv4',
  'ospf_ipv6',
  'is_insider_as',
  'k3speers',
  'k3speers_v6',
  'k3sbackbone',
  'k3sbackbone_v6',
  'k3sbackbone_dual',
]);

/** Tables, constants, templates and protocols share one namespace in BIRD. */
function birdSymbols(path: Path, bird: RouterDraft['bird']): Fault[] {
  const used = [
    [['tables', 'ipv4'], bird?.tables?.ipv4],
    [['tables', 'ipv6'], bird?.tables?.ipv6],
    [['constants', 'as'], bird?.constants?.as],
    [['constants', 'routerId'], bird?.constants?.routerId],
  ] as const;
  const first = new Map<string, string>();
  return used.flatMap(([part, symbol]): Fault[] => {
    if (symbol === undefined) return [];
    const at = [...path, ...part];
    if (OUR_SYMBOLS.has(symbol) || /^(k3s|via)_.*_v[46]$/.test(symbol)) {
      const message = `noencap uses the name ${symbol} for something else`;
      return [fault('bird-symbol-taken', at, message, 'Use another name.')];
    }
    const other = first.get(symbol);
    if (other === undefined) {
      first.set(symbol, part.join('.'));
      return [];
    }
    const message = `${symbol} is also ${other}`;
    return [fault('bird-symbol-taken', at, message, 'Give each its own name: BIRD has a single namespace.')];
  });
}

/** Files and folders that BIRD, Debian or noencap use there. */
const TAKEN = new Set(['bird.conf', 'envvars', 'manifest', 'sysctl.d', 'systemd']);

/**
 * A delivery replaces the whole folder k3s, and works in .noencap. A file directly in BIRD's folder is delivered itself, under
 * a name allowed in a release.
 */
function passwordFile(path: Path, { bird, password }: RouterDraft): Fault[] {
  const [folder, file] = [bird?.configDir, password?.file];
  if (folder === undefined || file === undefined) return [];
  const replaced =
    file === `${folder}/k3s` || file.startsWith(`${folder}/k3s/`) || file.startsWith(`${folder}/.noencap/`);
  const name = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : '';
  const odd = !/^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,99}$/.test(name) || TAKEN.has(name);
  if (!replaced && (name === '' || name.includes('/') || !odd)) return [];
  const message = replaced
    ? `${file} would be replaced by the next delivery`
    : TAKEN.has(name)
      ? `${file} is used for something else`
      : `${file} is delivered with the rest, but is not a valid name for a delivered file`;
  return [fault('password-file', path, message, `Use a file such as ${folder}/k3s-password.conf.`)];
}

/**
 * OSPFv3 uses link-local addresses, so BIRD identifies its interfaces by name only: on segments with IPv6, and
 * between routers on those without, where it carries the routers' own IPv6 addresses (fabric/igp.ts), if their MTU allows.
 */
function interfacesOfStandalone(draft: Draft, name: string, router: RouterDraft): Fault[] {
  if (router.bird?.mode !== 'standalone' || router.planned !== false) return [];
  if (draft.faulty('routers', name, 'interfaces')) return [];
  const { hosts = {}, routers = {} } = draft.file;
  const ipv6 = Object.values(routers).some(
    (one) => one?.planned === false && (one.nodeAddress?.ipv6 ?? one.backboneAddress?.ipv6) !== undefined,
  );
  const speaks = (machine: string): boolean =>
    routers[machine]?.planned === false || hosts[machine]?.igp === true;
  const others = ({ members, mtu = 0, memberMtu = {} }: SegmentDraft): boolean => {
    const hasLinkLocal = (machine: string) => (memberMtu[machine] ?? mtu) >= LEAST_IPV6_MTU;
    const names = Object.keys(members ?? {}).filter(hasLinkLocal);
    return names.includes(name) && names.some((machine) => machine !== name && speaks(machine));
  };
  return entries(draft.file.underlay?.segments)
    .filter(([segment, { members }]) => has(members, name) && !has(router.interfaces, segment))
    .filter(([, segment]) => segment.cidr?.ipv6 !== undefined || (ipv6 && others(segment)))
    .map(([segment, { cidr }]) => {
      const why = cidr?.ipv6 === undefined ? "which carries the routers' IPv6 addresses" : 'which has IPv6';
      const message = `${name} needs the name of its interface on ${segment}, ${why}`;
      const fix = `Add "${segment}: <interface>" to routers.${name}.interfaces: OSPFv3 identifies interfaces by name only.`;
      return fault('interface-missing', ['routers', name, 'bird', 'mode'], message, fix);
    });
}
