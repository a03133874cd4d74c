import type { Finding } from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import type { Interruption } from './interruptions.ts';
import type { ObjectChange } from './objects.ts';
import type { DeliveryOrder } from './order.ts';
import type { SessionFate } from './session-fates.ts';
import type { TrafficChange } from './traffic.ts';

/** Something that a reviewer must not overlook: it breaks what runs, or cannot be taken back. */
export interface Danger {
  readonly severity: 'error' | 'warning';
  readonly says: string;
  readonly mend: string;
}

/** What is told apart: both states, and what is known already of the change between them. */
export interface Changed {
  readonly before: Fabric;
  readonly after: Fabric;
  readonly objects: readonly ObjectChange[];
  readonly sessions: readonly SessionFate[];
  readonly interruptions: readonly Interruption[];
  readonly traffic: readonly TrafficChange[];
  readonly order: DeliveryOrder;
  /** Errors and warnings that nobody is told of any more, or from the first. */
  readonly suppressed: readonly Finding[];
  /** How many ordered pairs of nodes are there before and after. */
  readonly pairs: number;
}
