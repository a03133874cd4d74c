export { agreement } from './agreement.ts';
export {
  type AllocatedAddress,
  type AllocatedBlock,
  type Allocation,
  allocatedAround,
  type Borrowed,
  borrowedIn,
} from './allocation.ts';
export {
  acceptedBy,
  isLetOut,
  letOut,
  letsOut,
  matches,
  ruleLengths,
  sessionFilters,
  treatment,
  type Verdict,
  verdictOf,
} from './bgp-filters.ts';
export { nodeBlocks, podAddress, podAddresses, withAllocation } from './blocks.ts';
export { buildFabric } from './build.ts';
export { calicoNode, calicoNodeChanges, carriesMetric } from './calico-node.ts';
export { clusterBetween } from './cluster-between.ts';
export { FARTHEST } from './distances.ts';
export { type Drained, drainedText } from './drained.ts';
export type { Expectations, LoanExpectation, PairExpectation } from './expectations.ts';
export { expectations } from './expectations.ts';
export type {
  Attachment,
  Fabric,
  FabricRegion,
  GatewayRoute,
  NextHopRule,
  NodeSpeaker,
  Peering,
  RouterSpeaker,
  Session,
  SessionEnd,
  TransitHost,
} from './fabric.ts';
export { FAR_CLIENT_PREFERENCE } from './far-clients.ts';
export { GITOPS_ENGINES } from './gitops.ts';
export { hostKeyName } from './host-key.ts';
export { igpPaths, type PathsTo } from './igp.ts';
export { leadsTo } from './leads-to.ts';
export { NearestFirst } from './nearest-first.ts';
export {
  addressToExpect,
  asCalicoHasIt,
  type DetectedAddress,
  detectedAddresses,
} from './node-address.ts';
export { defaultRoutes, gatewayRouteTo, gatewaysOf, loopbacks } from './own-ways.ts';
export { deliveredPassword } from './password-file.ts';
export { isAwaited, peeringSelector } from './peerings.ts';
export { poolName } from './pool-name.ts';
export { PROTOCOL_PREFIX, sessionProtocol, staticProtocol } from './protocol-names.ts';
export { RECOVERY_WAIT } from './recovery.ts';
export { newNames, withNames } from './renames.ts';
export { fnv1a, hashedRouterId, routerIdText } from './router-id.ts';
export { isMeant, markOf, type RouterName, routerName } from './router-name.ts';
export { FELT_CHANGES, reasonText, type SessionChange, type SessionReason } from './session-change.ts';
export { CLIENT_PREFERENCE, endsFor, meshSessions, sessionId } from './sessions.ts';
export type { IgpHop } from './shortest-paths.ts';
