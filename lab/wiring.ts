import type { IpAddress } from '../topology/address.ts';
import { addressBits } from '../topology/address.ts';
import { hostFolder, type LabDaemon, type LabHost, type LabPlan, type LabPod } from './model.ts';

/**
 * The shell text that builds a plan inside the holder. `ip -batch` takes many commands at once: a process for each would
 * cost more than all the rest. `bridges` already exist.
 */
export function wiringScript(
  { segments, hosts, pods }: LabPlan,
  bridges: ReadonlySet<string> = new Set(),
): string {
  const names = [...hosts.map(({ name }) => name), ...pods.map(({ netns }) => netns)];
  return [
    'set -eu',
    batch(undefined, [
      ...names.map((name) => `netns add ${name}`),
      ...segments
        .filter(({ bridge }) => !bridges.has(bridge))
        .flatMap(({ bridge, mtu }) => [
          `link add ${bridge} mtu ${mtu} type bridge mcast_snooping 0`,
          `link set ${bridge} up`,
        ]),
      ...segments.flatMap(({ bridge, mtu, ports }) =>
        ports.flatMap((port) => [
          `link add ${port.port} mtu ${mtu} type veth peer name ${port.interface} mtu ${port.mtu} netns ${port.host}`,
          `link set ${port.port} master ${bridge} up`,
        ]),
      ),
    ]),
    KERNEL_SETTINGS,
    ...names.map((name) => `settings ${name}`),
    ...hosts.map((host) => batch(host.name, hostLinks(host))),
    ...pods.flatMap((pod) => podCommands(pod)),
    '',
  ].join('\n');
}

/** Starts every daemon of a plan. BIRD goes to the background by itself; any output before that is a configuration error. */
export function startScript({ hosts }: LabPlan, programs: Programs): string {
  return [
    'set -u',
    ...hosts.flatMap((host) =>
      host.daemons.map((daemon) => `(${startCommand(host.name, daemon, programs)}) &`),
    ),
    'wait',
    '',
  ].join('\n');
}

/** The paths of the programs. `approximate`: there is no BIRD 1.6, and nodes run BIRD 2 with the same configuration. */
export type Programs = Readonly<Record<LabDaemon['program'], string>> & { readonly approximate: boolean };

/** Starts a daemon, and with that of an IGP the process that follows its routes. */
export function startCommand(host: string, daemon: LabDaemon, programs: Programs): string {
  const bird = birdCommand(host, daemon, programs);
  return daemon.role === 'igp' ? `${mirror(host)}\n${bird}` : bird;
}

/** calico-node starts its BIRDs with `-R`, the first time too: each waits for every configured peer. */
export function birdCommand(host: string, { program, role, name }: LabDaemon, programs: Programs): string {
  const at = (end: string) => `${hostFolder(host)}/${name}.${end}`;
  const recover = role === 'calico' ? ' -R' : '';
  return `nsenter --net=/run/netns/${host} ${programs[program]}${recover} -c ${at('conf')} -s ${at('ctl')} -P ${at('pid')} >${at('start')} 2>&1`;
}

/** Follows the routes of the IGP's table into the main one: see `MIRROR` in igp-bird.ts. */
const mirror = (host: string): string =>
  ['-4', '-6']
    .map((family) => {
      const follow = `ip -o ${family} monitor route | sed -u -f ${hostFolder(host)}/mirror.sed | ip -force ${family} -batch -`;
      return `nsenter --net=/run/netns/${host} sh -c '${follow}' </dev/null >/dev/null 2>&1 &`;
    })
    .join('\n');

const KERNEL_SETTINGS = `settings() {
  nsenter --net=/run/netns/"$1" sh -c '
    cd /proc/sys/net
    echo 1 >ipv4/ip_forward
    echo 0 >ipv4/icmp_ratelimit
    echo 0 >ipv6/icmp/ratelimit
    for all in ipv4/conf/all ipv4/conf/default; do echo 0 >$all/rp_filter; echo 1 >$all/promote_secondaries; done
    for each in ipv6/conf/*; do
      echo 1 >$each/forwarding; echo 0 >$each/accept_dad; echo 0 >$each/accept_ra
    done'
}`;

function hostLinks({ interfaces, loopback, defaultVia, routes }: LabHost): string[] {
  return [
    'link set lo up',
    ...loopback.map((address) => `addr add ${full(address)} dev lo`),
    ...interfaces.flatMap(({ name, addresses }) => [
      ...addresses.map(
        ({ address, length }) => `addr add ${address.text}/${length} dev ${name}${noDad(address)}`,
      ),
      `link set ${name} up`,
    ]),
    ...defaultVia.map((via) => `route add default via ${via.text} proto static`),
    ...routes.map((route) => `route add ${gatewayRoute(route)}`),
  ];
}

/** A metric below that of the IGP's routes: static routes of a gateway take precedence over OSPF. */
export const gatewayRoute = ({ prefix, via }: LabHost['routes'][number]): string =>
  `${prefix.text} via ${via.text} proto static metric 1`;

/**
 * As Calico's CNI plugin does: the pod's only neighbour is a link-local address, for which the node answers (proxy ARP);
 * the node has a route only to the pod's address. A node answers only for what it has a route to: the lab's nodes that
 * run the IGP have no default route, so their pods get the neighbour entry statically.
 */
function podCommands(pod: LabPod): string[] {
  const { node, netns, veth, addresses, borrowed, mtu, proxied } = pod;
  const families = new Set(addresses.map(({ family }) => family));
  const [v4, v6] = [families.has('ipv4'), families.has('ipv6')];
  return [
    batch(node, [
      `link add ${veth} mtu ${mtu} address ${POD_GATEWAY_MAC} type veth peer name eth0 mtu ${mtu} netns ${netns}`,
      ...(v6 ? [`addr add ${POD_GATEWAY_V6}/64 dev ${veth} nodad`] : []),
      `link set ${veth} up`,
    ]),
    `nsenter --net=/run/netns/${node} sh -c 'cd /proc/sys/net; echo 1 >ipv4/conf/${veth}/proxy_arp; echo 0 >ipv4/neigh/${veth}/proxy_delay'`,
    batch(netns, [
      'link set lo up',
      ...addresses.map(podAddressCommand),
      // IPv6 would send from the address most similar to the target; from a deprecated one it only answers.
      ...borrowed.map(
        (address) => `${podAddressCommand(address)}${address.family === 'ipv6' ? ' preferred_lft 0' : ''}`,
      ),
      'link set eth0 up',
      ...(v4
        ? ['route add 169.254.1.1 dev eth0 scope link', 'route add default via 169.254.1.1 dev eth0']
        : []),
      ...(v6 ? [`route add default via ${POD_GATEWAY_V6} dev eth0`] : []),
      ...(v4 && !proxied ? [`neigh add 169.254.1.1 lladdr ${POD_GATEWAY_MAC} dev eth0 nud permanent`] : []),
    ]),
    batch(
      node,
      [...addresses, ...borrowed].map((address) => `route add ${podRoute(pod, address)}`),
    ),
  ];
}

const podRoute = ({ veth, metric }: LabPod, address: IpAddress): string =>
  `${full(address)} dev ${veth} scope link metric ${metric[address.family]}`;

const podAddressCommand = (address: IpAddress): string =>
  `addr add ${full(address)} dev eth0${noDad(address)}`;

/** A pod that exists before and after: as if one pod ended and another began, each with its addresses. */
export function podChange(before: LabPod, after: LabPod): string[] {
  const texts = (pod: LabPod) => new Set(pod.addresses.map(({ text }) => text));
  const [had, has] = [texts(before), texts(after)];
  const come = after.addresses.filter(({ text }) => !had.has(text));
  const gone = before.addresses.filter(({ text }) => !has.has(text));
  return [
    batch(after.netns, [
      ...come.map(podAddressCommand),
      ...gone.map((address) => `addr del ${full(address)} dev eth0`),
    ]),
    batch(after.node, [
      ...come.map((address) => `route add ${podRoute(before, address)}`),
      ...gone.map((address) => `route del ${podRoute(before, address)}`),
    ]),
  ];
}

/** What the Felix of a new Calico does to a pod's routes at start: it adds its own, then removes the old ones. */
export function podRemade(before: LabPod, after: LabPod): string[] {
  const remade = after.addresses.filter(({ family }) => before.metric[family] !== after.metric[family]);
  if (remade.length === 0) return [];
  return [
    batch(after.node, [
      ...remade.map((address) => `route add ${podRoute(after, address)}`),
      ...remade.map((address) => `route del ${podRoute(before, address)}`),
    ]),
  ];
}

const POD_GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee';
const POD_GATEWAY_V6 = 'fe80::ecee:eeff:feee:eeee';

const full = (address: IpAddress): string => `${address.text}/${addressBits(address.family)}`;

const noDad = (address: IpAddress): string => (address.family === 'ipv6' ? ' nodad' : '');

/** Commands for `ip` in one network namespace, or in the holder's own. Names in a topology need no quotes. */
export function batch(netns: string | undefined, commands: readonly string[]): string {
  if (commands.length === 0) return ':';
  return `ip ${netns === undefined ? '' : `-n ${netns} `}-batch - <<'END'\n${commands.join('\n')}\nEND`;
}
