import type { ProtocolState } from '../../bird/answers/protocols.ts';
import type { Fabric } from '../../fabric/index.ts';
import type { ExpectedSession } from './expected.ts';

/** The input for judging the health of a router after it got its configuration and before that is confirmed. */
export interface GateQuestion {
  readonly router: string;
  /** What is delivered. */
  readonly fabric: Fabric;
  /** What was delivered before; undefined if unknown. */
  readonly before: Fabric | undefined;
  /** The routers that do not have this fabric's configuration yet: those of later waves, of the same wave, or skipped ones. */
  readonly undelivered: ReadonlySet<string>;
  /** What the operator accepts the risk for: ids of sessions, names of protocols. It is reported, and fails nothing. */
  readonly excused: ReadonlySet<string>;
  /** The router gets a different password. */
  readonly isRotated?: boolean;
}

/** Something that is wrong with a router. */
export interface GateFinding {
  readonly level: 'failure' | 'warning';
  readonly kind: 'protocol' | 'session' | 'routes' | 'exports' | 'alone';
  /** A session's id, a protocol's name, or the router. */
  readonly about: string;
  readonly message: string;
  /** What may fix it: time, the delivery to another machine, or nothing. */
  readonly fixedBy: 'time' | 'others' | 'nothing';
}

/** A session that must exist: BIRD's state of it before and now. */
export interface ObservedSession extends ExpectedSession {
  readonly was: ProtocolState | undefined;
  readonly is: ProtocolState | undefined;
}
