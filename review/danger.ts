import type { Finding } from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import type { Review } from './document.ts';
import type { Interruption } from './interruptions.ts';
import type { ObjectChange } from './objects.ts';
import type { DeliveryOrder } from './order.ts';
import type { SessionFate } from './session-fates.ts';
import type { TrafficChange } from './traffic.ts';

/** Something a reviewer must not overlook: it breaks something running, or cannot be undone. */
export interface Danger {
  readonly code: Review['dangers'][number]['code'];
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix: string;
}

/** The input: both states, and what is already known about the change. */
export interface Changed {
  readonly before: Fabric;
  readonly after: Fabric;
  readonly objects: readonly ObjectChange[];
  readonly sessions: readonly SessionFate[];
  readonly interruptions: readonly Interruption[];
  readonly traffic: readonly TrafficChange[];
  readonly order: DeliveryOrder;
  /** Errors and warnings that are now suppressed. */
  readonly suppressed: readonly Finding[];
  /** How many ordered pairs of nodes are there before and after. */
  readonly pairs: number;
}
