import type { Family } from '../topology/address.ts';
import type { RouterFacts } from './router-look.ts';
import type { Cause } from './verdict.ts';

/** BIRD counts what its import filter drops since the session came up: what was dropped and nothing taken is the filter's doing. */
export function droppedByFilter(
  { pods }: Pick<RouterFacts, 'pods'>,
  protocol: string,
  family: Family,
): Cause | undefined {
  const updates = pods?.updates.get(`${protocol} ${family}`);
  if (updates === undefined || updates.filtered === 0) return undefined;
  return {
    message: `the import filter of ${protocol} drops what comes`,
    evidence: [`Import updates: ${updates.filtered} filtered, ${updates.accepted} accepted`],
  };
}
