import type { Analysis } from '../analysis.ts';
import type { Check, Finding, Found } from '../finding.ts';
import { blocksAcrossRegions, staleBlocks } from './allocation.ts';
import { lostBorrowers } from './borrowed.ts';
import { asymmetricPath, hairpin } from './detours.ts';
import { lengthsWithEqual, podRoutesLeave } from './filters.ts';
import { interfaceAsBackbone, whenOneThingFails } from './fragile.ts';
import { hiddenDistance } from './hidden-distance.ts';
import {
  addressInForeignRange,
  idleSuppressions,
  meshTooLarge,
  natHidesPods,
  noDefaultRoute,
  poolTooSmall,
  regionWithoutNodes,
  slowHoldTime,
} from './intent.ts';
import { lostPackets, notPropagated } from './lost.ts';
import { podMtuTooLarge, podMtuTooSmall, unevenMtu } from './mtu.ts';
import { foreignNodeAddress } from './node-address.ts';
import { otherRepository, type Surroundings } from './repository.ts';
import { routesSentBack } from './sent-back.ts';
import {
  filterOnNothing,
  reflectorsApart,
  reflectorWithoutClients,
  routerWithoutSession,
  sessionDown,
} from './sessions.ts';
import { covers } from './suppression.ts';
import { hairpinUnknown } from './unknown-segments.ts';
import { waitsForAbsent } from './waiting.ts';

/** Ordered by id: lost packets, paths and redundancy, MTU, intent. */
const CHECKS: readonly Check[] = [
  lostPackets,
  notPropagated,
  whenOneThingFails,
  asymmetricPath,
  hairpin,
  interfaceAsBackbone,
  reflectorWithoutClients,
  routerWithoutSession,
  reflectorsApart,
  waitsForAbsent,
  podMtuTooLarge,
  podMtuTooSmall,
  unevenMtu,
  regionWithoutNodes,
  meshTooLarge,
  poolTooSmall,
  hairpinUnknown,
  slowHoldTime,
  sessionDown,
  filterOnNothing,
  natHidesPods,
  podRoutesLeave,
  addressInForeignRange,
  noDefaultRoute,
  lengthsWithEqual,
  hiddenDistance,
  foreignNodeAddress,
  lostBorrowers,
  routesSentBack,
  staleBlocks,
  blocksAcrossRegions,
];

/** All findings of a fabric, ordered by id, then by place in the topology. `around`: what is known of the clone it lies in. */
export function findings(analysis: Analysis, around: Surroundings = { origins: [] }): Finding[] {
  const found = [...CHECKS.flatMap((check) => check(analysis)), ...otherRepository(analysis, around)];
  const all = [...found, ...idleSuppressions(analysis, found)].sort((a, b) =>
    a.id === b.id ? 0 : a.id < b.id ? -1 : 1,
  );
  return all.map((one) => ({ ...one, suppressed: suppression(analysis, one) }));
}

const suppression = ({ fabric }: Analysis, { id, path }: Found): string | undefined =>
  fabric.suppressions.find((one) => one.id === id && covers(one.where, path))?.reason;
