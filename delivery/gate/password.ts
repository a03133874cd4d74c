import { isUp } from '../../bird/answers/protocols.ts';
import type { Agreements } from './expected.ts';
import type { GateFinding, GateQuestion, ObservedSession } from './finding.ts';

/**
 * The cluster gets a new password first, so the sessions with nodes are down before the router gets it, and each has its excuse.
 * But one of them must come up: otherwise the two ends have different passwords, and the next router would lose its nodes too.
 */
export function passwordFindings(
  { router, excused, isRotated }: GateQuestion,
  agreement: Agreements,
  observed: readonly ObservedSession[],
): GateFinding[] {
  if (isRotated !== true) return [];
  const withNewPassword = observed.filter(
    ({ session, remote }) =>
      remote.kind === 'node' && agreement(session) === 'same' && !excused.has(session.id),
  );
  if (withNewPassword.length === 0 || withNewPassword.some(({ is }) => isUp(is))) return [];
  const message = `${router}: no session with a node is up with the new password. Its Secret in the cluster must have the same password first`;
  return [{ level: 'failure', kind: 'alone', about: router, message, fixedBy: 'time' }];
}
