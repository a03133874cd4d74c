import type { Draft } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { addressRules } from './addresses.ts';
import { blockRules } from './blocks.ts';
import { calicoRules } from './calico.ts';
import { filterRules } from './filters.ts';
import { gatewayRules } from './gateways.ts';
import { k3sRules } from './k3s.ts';
import { listRules } from './lists.ts';
import { machineRules } from './machines.ts';
import { mtuRules } from './mtu.ts';
import { networkRules } from './networks.ts';
import { poolRules } from './pools.ts';
import { referenceRules } from './references.ts';
import { regionRules } from './regions.ts';
import { routerRules } from './routers.ts';
import { segmentRules } from './segments.ts';
import { sessionRules } from './sessions.ts';
import { sshTargets } from './ssh-targets.ts';
import { symbolRules } from './symbols.ts';

/** A rule involves more than one field. It ignores fields that are absent because of another fault. */
export type Rule = (draft: Draft) => readonly Fault[];

/** Faults between fields that are each valid on their own. */
export const ruleFaults = (draft: Draft): Fault[] => RULES.flatMap((rule) => rule(draft));

const RULES: readonly Rule[] = [
  networkRules,
  poolRules,
  mtuRules,
  blockRules,
  machineRules,
  symbolRules,
  referenceRules,
  listRules,
  regionRules,
  sessionRules,
  routerRules,
  sshTargets,
  addressRules,
  segmentRules,
  gatewayRules,
  calicoRules,
  filterRules,
  k3sRules,
];
