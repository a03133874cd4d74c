export { buildFabric } from './build.ts';
export type {
  Attachment,
  Fabric,
  FabricRegion,
  NextHopRule,
  NodeSpeaker,
  Peering,
  RouterSpeaker,
  Session,
  SessionEnd,
} from './fabric.ts';
export type { Finding } from './findings.ts';
export { fabricFindings } from './findings.ts';
export { endsFor, meshSessions } from './sessions.ts';
