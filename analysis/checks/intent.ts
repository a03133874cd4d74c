import { addressBits, contains, FAMILIES, type IpAddress } from '../../topology/address.ts';
import type { Analysis } from '../analysis.ts';
import { type Check, type Found, someOf } from '../finding.ts';
import { covers } from './suppression.ts';

/** NE401: its peering exists in Calico but selects no node. */
export const regionWithoutNodes: Check = ({ fabric }) =>
  fabric.regions
    .filter((region) => region.nodes.length === 0)
    .map((region) => ({
      id: 'NE401',
      severity: 'info',
      path: region.path,
      message: `region ${region.name} has routers but no nodes`,
      evidence: fabric.peerings
        .filter((peering) => peering.region === region.name)
        .map((peering) => `BGPPeer ${peering.name} selects no node`),
      fix: 'Add a node to the region, or remove it if it is no longer planned.',
    }));

/** Calico's documentation advises reflectors beyond about 100 nodes: sessions grow with the square. */
const MESH_LIMIT = 100;

/** NE402: the full mesh costs each node a session with every other. */
export const meshTooLarge: Check = ({ fabric }) => {
  const nodes = fabric.nodes.length;
  if (!fabric.bgp.nodeToNodeMesh || nodes <= MESH_LIMIT) return [];
  return [
    {
      id: 'NE402',
      severity: 'warning',
      path: ['bgp', 'nodeToNodeMesh'],
      message: `Calico's full mesh of ${nodes} nodes is ${(nodes * (nodes - 1)) / 2} sessions per family`,
      evidence: [`each node keeps ${nodes - 1} sessions in addition to those with its reflectors`],
      fix: 'Set bgp.nodeToNodeMesh: false once every region has its reflectors: they carry the same routes.',
    },
  ];
};

/** NE403: Calico gives every node at least one block; without a free one its pods borrow addresses of other nodes. */
export const poolTooSmall: Check = ({ fabric }) =>
  fabric.pods.pools.flatMap((pool) => {
    // No node gets new blocks from it.
    if (pool.retiring) return [];
    const family = pool.cidr.family;
    const blocks = 2n ** BigInt(pool.blockSize - pool.cidr.length);
    const nodes = fabric.nodes.filter((node) => node.address[family] !== undefined);
    const needed = nodes.reduce(
      (sum, node) => sum + Math.max(1, node.blocks.filter((block) => contains(pool.cidr, block)).length),
      0,
    );
    if (BigInt(needed) <= blocks) return [];
    const hosts = 2n ** BigInt(addressBits(family) - pool.blockSize);
    return [
      {
        id: 'NE403',
        severity: 'error' as const,
        path: ['pods', 'cidrs'],
        message: `pool ${pool.cidr.text} has ${blocks} ${blocks === 1n ? 'block' : 'blocks'} of /${pool.blockSize}, and ${nodes.length} nodes need ${needed}`,
        evidence: [
          `a block has ${hosts} addresses; a node without a block borrows addresses from others, ${
            fabric.bgp.exportBorrowed ? 'each a route of its own' : 'which the routers do not carry'
          }`,
        ],
        fix: 'Use a larger pool, or a larger pods.blockSize (smaller blocks).',
      },
    ];
  });

/** Beyond a minute, people notice the failure before BGP does. */
const PATIENT_HOLD_TIME = 60;

/** NE405: Calico has no BFD, so only the hold timer detects a silent neighbour. */
export const slowHoldTime: Check = ({ fabric }) =>
  fabric.bgp.holdTime <= PATIENT_HOLD_TIME
    ? []
    : [
        {
          id: 'NE405',
          severity: 'warning',
          path: ['bgp', 'holdTime'],
          message: `a router that fails silently keeps attracting traffic for up to ${fabric.bgp.holdTime} s`,
          evidence: ['towards nodes only the hold timer detects this: Calico does not support BFD'],
          fix: 'Use the default of 15 s, or at most 60.',
        },
      ];

/** NE408: machines outside the cluster see the node's address, not the pod's; towards pods the network is flat. */
export const natHidesPods: Check = ({ fabric }) => {
  if (!fabric.pods.natOutgoing || fabric.hosts.length === 0) return [];
  return [
    {
      id: 'NE408',
      severity: 'info',
      path: ['pods', 'natOutgoing'],
      message: `pods reach ${someOf(fabric.hosts.map(({ name }) => name))} with their node's address, not with their own`,
      evidence: [
        'natOutgoing masquerades everything that leaves the pools; packets from hosts to pods keep their addresses',
      ],
      fix: 'Set pods.natOutgoing: false if these machines have a route back to the pods (the pools via a router); otherwise leave it.',
    },
  ];
};

/** NE419 depends on where a clone came from, NE420 and NE421 on a cluster: what one finds, another does not. */
const NEVER_IDLE = ['NE410', 'NE419', 'NE420', 'NE421'];

/** NE410: a suppression that matches nothing hides later findings at that place. `open`: what all other checks found. */
export const idleSuppressions = ({ fabric }: Analysis, found: readonly Found[]): Found[] =>
  fabric.suppressions
    // Which blocks a cluster has, and so what is found of them, differs from hour to hour.
    .filter(() => fabric.pods.allocation === undefined)
    .filter(
      ({ id, where }) =>
        !NEVER_IDLE.includes(id) && !found.some((one) => one.id === id && covers(where, one.path)),
    )
    .map(({ id, where, path }) => ({
      id: 'NE410',
      severity: 'warning',
      path,
      message: `suppression of ${id} at ${where} matches nothing`,
      evidence: [`${id} currently finds nothing at that place`],
      fix: 'Remove it, or correct its place: a finding shows its own after "at".',
    }));

/** NE411: a machine that others expect on a segment, but which is not there or has another address there. */
export const addressInForeignRange: Check = ({ fabric }) =>
  [...fabric.routers.filter(({ planned }) => !planned), ...fabric.nodes].flatMap((machine) => {
    const given =
      machine.kind === 'router' ? [machine.nodeAddress, machine.backboneAddress] : [machine.address];
    const addresses = given.flatMap((one) =>
      FAMILIES.flatMap((family): IpAddress[] => (one[family] ? [one[family]] : [])),
    );
    const attached = new Set(
      machine.attachments.flatMap(({ address }) => FAMILIES.map((family) => address[family]?.text)),
    );
    return [...new Map(addresses.map((address) => [address.text, address])).values()]
      .filter(({ text }) => !attached.has(text))
      .flatMap((address): Found[] => {
        const segment = fabric.segments?.find(({ cidr }) => {
          const range = cidr[address.family];
          return range !== undefined && contains(range, address);
        });
        if (segment === undefined) return [];
        const here = machine.attachments.find((one) => one.segment === segment.name)?.address[address.family];
        return [
          {
            id: 'NE411',
            severity: 'warning',
            path: machine.path,
            message: `${machine.name} peers from ${address.text}, which is in the range of segment ${segment.name} but is not its address there`,
            evidence: [
              here === undefined
                ? `${machine.name} is not a member of ${segment.name}`
                : `its member address there is ${here.text}`,
            ],
            fix: 'Correct one of the two: machines on the segment expect that address there.',
          },
        ];
      });
  });

/** NE412: without a common segment there is no default route, and the node reaches nothing but pods. */
export const noDefaultRoute: Check = ({ fabric, network }) =>
  fabric.segments === undefined
    ? []
    : fabric.nodes
        .filter((node) => !node.igp && node.attachments.length > 0)
        .filter(({ name, defaultRouter }) => {
          const machine = network.machines.find((one) => one.name === name);
          const isPlanned = fabric.routers.some((router) => router.name === defaultRouter && router.planned);
          const families = FAMILIES.filter(
            (family) => machine?.speaker?.kind === 'node' && machine.speaker.address[family],
          );
          return (machine?.defaults.length ?? 0) < families.length && !isPlanned;
        })
        .map((node) => ({
          id: 'NE412',
          severity: 'warning',
          path: node.path,
          message: `${node.name} shares no segment with ${node.defaultRouter}, the target of its default route`,
          evidence: [`${node.name} is on ${someOf(node.attachments.map(({ segment }) => segment))}`],
          fix: 'Set defaultRouter to a machine on one of its segments that forwards (a router, or a host with forwards: true), or let the node run the IGP (igp: true).',
        }));
