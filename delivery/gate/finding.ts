import type { ProtocolState } from '../../bird/answers/protocols.ts';
import type { Fabric } from '../../fabric/index.ts';
import type { ExpectedSession } from './expected.ts';

/** What the health of a router is judged by, after it got its configuration and before that is confirmed. */
export interface GateQuestion {
  readonly router: string;
  /** What is delivered. */
  readonly fabric: Fabric;
  /** What was delivered before; undefined where nobody knows. */
  readonly before: Fabric | undefined;
  /** The routers that do not have this fabric's configuration yet: of later waves, of the same one, or passed over. */
  readonly undelivered: ReadonlySet<string>;
  /** What the operator takes upon himself: ids of sessions, names of protocols. It is told, and fails nothing. */
  readonly excused: ReadonlySet<string>;
  /** It gets another password than it had. */
  readonly isRotated?: boolean;
}

/** Something that is not as it should be. */
export interface GateFinding {
  readonly level: 'failure' | 'warning';
  readonly kind: 'protocol' | 'session' | 'routes' | 'exports' | 'alone';
  /** A session's id, a protocol's name, or the router. */
  readonly about: string;
  readonly message: string;
  /** What may mend it: waiting, somebody else's delivery, or nothing. */
  readonly mends: 'time' | 'others' | 'nothing';
}

/** A session that must be there: what BIRD said of it before, and what it says now. */
export interface Seen extends ExpectedSession {
  readonly was: ProtocolState | undefined;
  readonly is: ProtocolState | undefined;
}
