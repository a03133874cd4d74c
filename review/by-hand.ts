import { listed } from '../topology/suggest.ts';
import { type ByHand, changeBetween, type Rule } from './by-hand-change.ts';
import { calicoNodeAwaited, installed, leaving, podsAnew, rerouted, withoutIgp } from './by-hand-nodes.ts';
import { accounts, firstDeliveries, ownConfiguration, secrets, stopped } from './by-hand-routers.ts';
import {
  costs,
  narrower,
  newAddresses,
  newRoutes,
  nodeAddresses,
  oldAddresses,
  oldRoutes,
  ospf,
  wider,
} from './by-hand-underlay.ts';
import type { Configured } from './session-fates.ts';

export type { ByHand };

/** What people must do, in order. */
export function byHand(before: Configured, after: Configured): ByHand[] {
  const change = changeBetween(before, after);
  const isShipped = hasOtherRouterFiles(before.files, after.files);
  return ORDER.flatMap((rule) => rule(change))
    .filter(({ machines }) => machines.length > 0)
    .map((step) =>
      step.when === 'after shipping' && !isShipped ? { ...step, when: 'after the merge' } : step,
    );
}

/** Prerequisites first; drain as late as possible. */
const ORDER: readonly Rule[] = [
  firstDeliveries,
  accounts,
  secrets,
  newAddresses,
  newRoutes,
  rerouted,
  ospf,
  costs,
  wider,
  leaving,
  ownConfiguration,
  calicoNodeAwaited,
  nodeAddresses,
  installed,
  podsAnew,
  withoutIgp,
  narrower,
  oldAddresses,
  oldRoutes,
  stopped,
];

const hasOtherRouterFiles = (before: Configured['files'], after: Configured['files']): boolean =>
  [...new Set([...before.keys(), ...after.keys()])].some(
    (path) => path.startsWith('routers/') && before.get(path) !== after.get(path),
  );

/** The machines that one line names; `--json` names all. */
const MOST_NAMED = 12;

/** A step as one line of text: `after shipping, at n1 and n2: run install.sh (...)`. */
export function byHandText({ when, action, machines, reason }: ByHand): string {
  const left = machines.length - MOST_NAMED;
  const where =
    left > 0 ? `${machines.slice(0, MOST_NAMED).join(', ')} and ${left} more` : listed(machines, 'and');
  return `${when}, at ${where}: ${action} (${reason})`;
}
