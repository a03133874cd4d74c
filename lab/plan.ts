import { NORMAL_PRIORITY } from '../calico/metric.ts';
import { type BirdDialect, calicoBird } from '../calico/node/config.ts';
import type { Attachment, Fabric, NodeSpeaker, RouterSpeaker } from '../fabric/index.ts';
import {
  asCalicoHasIt,
  carriesMetric,
  defaultRoutes,
  deliveredPassword,
  fnv1a,
  gatewaysOf,
  loopbacks,
  nodeBlocks,
  podAddresses,
} from '../fabric/index.ts';
import { addressBits, type IpAddress, type Prefix, valuesOf } from '../topology/address.ts';
import { type IgpMachine, igpBird, MIRROR } from './igp-bird.ts';
import {
  hostFolder,
  type LabDaemon,
  type LabHost,
  type LabInterface,
  type LabPlan,
  type LabPod,
  type LabSegment,
  nodePassword,
} from './model.ts';
import { labRouter, passwordFile } from './router-files.ts';

/**
 * `routerFiles` renders the routers of a fabric, as `synth` does. In the lab every router is standalone: its bird.conf
 * contains what include mode leaves to the operator's own. A host that was in a lab `before` keeps
 * the names of its interfaces, and a pod its MTU: Calico changes it only for pods that restart.
 */
export function labPlan(
  fabric: Fabric,
  routerFiles: (fabric: Fabric) => ReadonlyMap<string, string>,
  dialect: BirdDialect = 1,
  before?: LabPlan,
): LabPlan {
  const blocks = nodeBlocks(fabric);
  const earlier = new Map(before?.hosts.map((host) => [host.name, host.interfaces]));
  const mtuBefore = new Map(before?.pods.map(({ node, mtu }) => [node, mtu]));
  const name = <T extends Machine>(one: T): T => named(one, earlier.get(one.name) ?? []);
  const routers = fabric.routers
    .filter((router) => !router.planned)
    .map((router) => standalone(name(router)));
  const nodes = fabric.nodes.map(name);
  const hosts = fabric.hosts.map(name);
  const rendered = routerFiles({ ...fabric, routers });
  const calico = asCalicoHasIt(fabric);
  return {
    segments: labSegments(fabric, [...routers, ...nodes, ...hosts]),
    hosts: [
      ...routers.map((router) => routerHost(router, rendered)),
      ...nodes.map((node) => nodeHost(fabric, calico, node, routers, blocks, dialect)),
      ...hosts.map((host) => ({
        ...machine(host.name, 'host', host.attachments),
        routes: host.routes,
        ...(host.igp ? withIgp({ ...host, loopback: [], routerId: undefined }) : {}),
      })),
    ],
    pods: nodes
      .flatMap((node) => pod(fabric, node, blocks.get(node.name) ?? []))
      .map((one) => ({ ...one, mtu: mtuBefore.get(one.node) ?? one.mtu })),
  };
}

interface Machine {
  readonly name: string;
  readonly attachments: readonly Attachment[];
}

/** A lab has no place for a password that its owner keeps elsewhere: it puts it where a delivered one would be. */
const standalone = (router: RouterSpeaker): RouterSpeaker => {
  const { bird, password } = router;
  const file = `${bird.configDir}/${deliveredPassword(router) ?? 'k3s-password.conf'}`;
  return { ...router, bird: { ...bird, mode: 'standalone' }, password: password && { ...password, file } };
};

/**
 * Interfaces have the names of the topology, else eth0, eth1 and so on in the order of the segments' names; never that of an
 * existing one, which goes only when the new ones are there.
 */
function named<T extends Machine>(machine: T, before: readonly LabInterface[]): T {
  const kept = new Map(before.map(({ segment, name }) => [segment, name]));
  const nameOf = (attachment: Attachment) => attachment.interface ?? kept.get(attachment.segment);
  const taken = new Set([...machine.attachments.map(nameOf), ...before.map(({ name }) => name)]);
  const most = machine.attachments.length + taken.size;
  const free = Array.from({ length: most }, (_, index) => `eth${index}`).filter((name) => !taken.has(name));
  const attachments = machine.attachments.map((attachment) => ({
    ...attachment,
    interface: nameOf(attachment) ?? free.shift(),
  }));
  return { ...machine, attachments };
}

function labSegments(fabric: Fabric, machines: readonly Machine[]): LabSegment[] {
  return (fabric.segments ?? []).map((segment) => ({
    name: segment.name,
    bridge: `br${short(segment.name)}`,
    mtu: segment.mtu,
    ports: machines.flatMap(({ name, attachments }) =>
      attachments
        .filter((attachment) => attachment.segment === segment.name)
        .map((attachment) => ({
          host: name,
          port: `p${short(`${name} ${segment.name}`)}`,
          interface: attachment.interface ?? '',
          mtu: attachment.mtu,
        })),
    ),
  }));
}

/** Linux limits interface names to 15 characters; these names do not depend on what else exists. */
const short = (text: string): string => fnv1a(text).toString(16).padStart(8, '0');

function machine(
  name: string,
  kind: LabHost['kind'],
  attachments: readonly Attachment[],
): Omit<LabHost, 'loopback'> & { loopback: readonly IpAddress[] } {
  return {
    name,
    kind,
    interfaces: attachments.map((attachment) => ({
      name: attachment.interface ?? '',
      segment: attachment.segment,
      mtu: attachment.mtu,
      addresses: valuesOf(attachment.address).map((address) => ({
        address,
        length: attachment.cidr[address.family]?.length ?? addressBits(address.family),
      })),
    })),
    loopback: [],
    defaultVia: [],
    routes: [],
    daemons: [],
    files: new Map(),
  };
}

function routerHost(router: RouterSpeaker, rendered: ReadonlyMap<string, string>): LabHost {
  const folder = `routers/${router.name}/`;
  const routerFiles = new Map(
    [...rendered].flatMap(([path, text]): [string, string][] =>
      path.startsWith(folder) ? [[path.slice(folder.length), text]] : [],
    ),
  );
  return {
    ...machine(router.name, 'router', router.attachments),
    loopback: loopbacks(router),
    daemons: [{ role: 'router', program: 'bird2', name: 'bird', family: 'both' }],
    files: labRouter(router, routerFiles),
  };
}

/** `calico`: the fabric with the addresses that calico-node detects, which need not be those of the topology. */
function nodeHost(
  fabric: Fabric,
  calico: Fabric,
  node: NodeSpeaker,
  routers: readonly RouterSpeaker[],
  blocks: ReadonlyMap<string, readonly Prefix[]>,
  dialect: BirdDialect,
): LabHost {
  const loopback = loopbacks(node);
  const regional = new Set(
    fabric.regions.find(({ name }) => name === node.region)?.routers.map(({ name }) => name),
  );
  const base = { ...machine(node.name, 'node', node.attachments), loopback };
  const igp = node.igp ? withIgp({ ...node, loopback, routerId: node.address.ipv4 }) : undefined;
  const detectedNode = {
    ...node,
    address: calico.nodes.find(({ name }) => name === node.name)?.address ?? {},
  };
  const birds = fabric.pods.families
    .filter((family) => detectedNode.address[family] !== undefined)
    .map((family) => {
      const name = family === 'ipv4' ? 'bird' : 'bird6';
      const text = calicoBird({
        fabric: calico,
        node: detectedNode,
        family,
        blocks: blocks.get(node.name) ?? [],
        dialect,
        log: `${hostFolder(node.name)}/${name}.log`,
        passwordFile: (router) => `${hostFolder(node.name)}/${nodePassword(router)}`,
      });
      return { family, name, text };
    });
  return {
    ...base,
    defaultVia: defaultRoutes(node, gatewaysOf(fabric)).map(({ via }) => via),
    daemons: [
      ...(igp?.daemons ?? []),
      ...birds.map(
        ({ family, name }): LabDaemon => ({
          role: 'calico',
          program: family === 'ipv4' ? 'bird1' : 'bird1-ipv6',
          name,
          family,
        }),
      ),
    ],
    files: new Map([
      ...(igp?.files ?? []),
      ...birds.map(({ name, text }): [string, string] => [`${name}.conf`, text]),
      ...routers
        .filter(({ name, password }) => password !== undefined && regional.has(name))
        .map(({ name }): [string, string] => [nodePassword(name), passwordFile(name)]),
    ]),
  };
}

const withIgp = (one: IgpMachine): Pick<LabHost, 'daemons' | 'files'> => ({
  daemons: [{ role: 'igp', program: 'bird2', name: 'igp', family: 'both' }],
  files: new Map([
    ['igp.conf', igpBird(one)],
    ['mirror.sed', MIRROR],
  ]),
});

function pod(fabric: Fabric, node: NodeSpeaker, blocks: readonly Prefix[]): LabPod[] {
  const addresses = podAddresses(fabric, blocks);
  if (addresses.length === 0) return [];
  const segments = node.attachments.map(({ mtu }) => mtu);
  return [
    {
      node: node.name,
      netns: `${node.name}+pod`,
      veth: `cali${short(node.name)}`,
      addresses,
      borrowed: [],
      metric: { ipv4: carriesMetric(fabric) ? NORMAL_PRIORITY : 0, ipv6: NORMAL_PRIORITY },
      mtu: fabric.pods.mtu ?? Math.min(1500, ...segments),
      proxied: !node.igp,
    },
  ];
}
