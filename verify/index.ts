export type { AddressLook } from './address-look.ts';
export { allocationIn, withBlocksOf } from './allocation.ts';
export { type Changed, changesBetween } from './changes.ts';
export { verifyCluster } from './cluster.ts';
export type { ClusterLook, NodeFacts, Read, Unread as ClusterUnread } from './cluster-look.ts';
export { type MtuReport, mtuReport, type NarrowLink } from './mtu.ts';
export { ofNodes, routersOfNodes } from './of-nodes.ts';
export type { ExpectedWay } from './packet-ways.ts';
export { packetVerdicts } from './packets.ts';
export type {
  ErrorFacts,
  HopFacts,
  PacketFacts,
  ProbeFacts,
  ProbeLook,
  TargetFacts,
  Told,
} from './probe-look.ts';
export type {
  FileDifference,
  KernelRoute,
  PodRoutes,
  RouterFacts,
  RouterLook,
  Unread,
} from './router-look.ts';
export { verifyRouters } from './routers.ts';
export { type RouterSummary, type Summary, summary, type Tally } from './summary.ts';
export { nextAfterUnread, unreadText } from './unread.ts';
export { type Cause, overall, type Subject, type Verdict, type VerdictKind } from './verdict.ts';
