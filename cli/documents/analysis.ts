import { z } from 'zod';
import { bytes, cluster, count, document, failed, text, texts } from './shared.ts';

const question = {
  failed: z.array(failed).describe('what --fail treats as failed'),
  service: text
    .optional()
    .describe('the address that was asked for, if it is of a service: no route leads there'),
  cluster: cluster.optional(),
};

const hop = z.strictObject({ machine: text, segment: text.describe('empty without an underlay') });

/** Next hops of equal cost. */
const hops = z.array(hop);

const equalCostPath = z.strictObject({
  end: text.describe('arrives, or what becomes of the packet'),
  mtu: bytes.optional(),
  hops: z.array(
    z.strictObject({
      machine: text,
      route: text.describe('by which it forwards: BGP from gateway, default route, own pods, ...'),
      segment: text.optional().describe('to the next machine; none at the end'),
      mtu: bytes.optional().describe('of that segment'),
    }),
  ),
});

export const path = document('path', {
  ...question,
  paths: z.array(
    z.strictObject({
      from: text.describe('a machine'),
      to: text.describe('a machine'),
      prefix: text.describe('of the pods, or the one address'),
      assumed: z.boolean().describe('the topology does not name this block: an example of one'),
      arrives: z.boolean().describe('on some path'),
      dropped: z.boolean().describe('on some path'),
      loops: z.boolean().describe('on some path'),
      hairpin: z.boolean().describe('on some path it leaves a machine over the segment it arrived on'),
      hops: z.strictObject({ min: count, max: count }).optional().describe('of the paths that arrive'),
      mtu: bytes.optional().describe('the smallest of the paths that arrive; none without an underlay'),
      equalCostPaths: z.array(equalCostPath),
      truncated: z.boolean().describe('there are more paths of equal cost'),
    }),
  ),
});

const route = z.strictObject({
  from: text.optional().describe("the peer; none for the node's own block"),
  session: text.optional(),
  kind: z.enum(['own', 'reflector', 'mesh', 'backbone']),
  nextHop: text.optional(),
  nextHopBy: z
    .enum(['own', 'connected', 'static', 'ospf', 'ospf-external', 'kernel', 'default', 'assumed', 'none'])
    .describe('the route that resolves the next hop'),
  hops,
  localPref: z.number().int(),
  clusterList: texts,
  verdict: z
    .enum(['best', 'equal', 'lost'])
    .describe('equal: as good as the best, and used together with it'),
  decidedBy: z
    .strictObject({ step: text, best: text, own: text })
    .optional()
    .describe('the step of the decision process at which it lost to the best, and the value of each'),
});

const passed = { from: text, to: text, refusal: text, message: text };

const absence = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('no session'), speaker: text, family: text, message: text }),
  z.strictObject({ kind: z.literal('no peering'), speaker: text, reflector: text, message: text }),
  z.strictObject({ kind: z.literal('down'), session: text, message: text }),
  z.strictObject({ kind: z.literal('not sent'), ...passed }),
  z.strictObject({ kind: z.literal('not accepted'), ...passed }),
]);

const block = z.strictObject({
  speaker: text,
  prefix: text,
  assumed: z.boolean().describe('the topology does not name this block: an example of one'),
  node: text.describe('whose block it is'),
  routes: z.array(route).describe('the best first'),
  notReceived: z.array(absence).describe('sessions that do not bring the block, and why'),
  kernel: z.strictObject({ route: text.describe('bgp, pod, default route, no route, ...'), hops }),
  coveringBlock: text
    .optional()
    .describe('of an address without a route of its own: the block whose route packets take'),
});

const address = z.strictObject({
  speaker: text,
  address: text,
  owner: text.describe('the machine that has it'),
  route: text.describe('own address, connected route, OSPF, default route, no route, ...'),
  hops,
});

const owner = z.strictObject({
  block: z
    .strictObject({
      prefix: text,
      node: text.optional().describe("none if it is nobody's any more"),
      nodeIs: z.enum(['known', 'not in the topology', 'gone']).optional(),
      assumed: z.boolean().describe('nobody says that the node has this block: an example of one'),
    })
    .optional()
    .describe('the IPAM block around it'),
  holder: z
    .strictObject({
      node: text.optional(),
      pod: text.optional().describe('namespace/name'),
      isThere: z.boolean().optional().describe('false: Calico has it marked, and no pod has it'),
    })
    .optional()
    .describe('who uses the address, if the cluster was asked'),
  isBorrowed: z.boolean().describe('in use on another node than the one whose block it is of'),
});

export const explain = document('explain', {
  ...question,
  owner: owner.optional().describe('of an address of pods, or a block: who has it'),
  blocks: z.array(block),
  addresses: z.array(address).describe('of machines: BGP does not carry them'),
});
