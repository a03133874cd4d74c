import { readFileSync } from 'node:fs';
import { type ProtocolState, protocolStates } from '../../../bird/answers/protocols.ts';

/** What `birdc -v show protocols all` of BIRD 2.0.12 printed in the lab: `redundant()`'s e1 and the report's gateway. */
export const recorded = (name: string): string =>
  readFileSync(`test/bird/answers/recorded/${name}.txt`, 'utf8');

export const states = (name: string): ProtocolState[] => protocolStates(recorded(name));

interface Counts {
  readonly imported?: number;
  readonly exported?: number;
  readonly preferred?: number;
}

/** These states, with different counts in all channels of one protocol. */
export const counting = (all: readonly ProtocolState[], name: string, counts: Counts): ProtocolState[] =>
  changed(all, name, (one) => ({
    ...one,
    channels: one.channels.map((channel) => ({ ...channel, ...counts })),
  }));

/** These states, with one session lost. */
export const down = (all: readonly ProtocolState[], name: string, state = 'Active'): ProtocolState[] =>
  changed(all, name, (one) => ({
    ...one,
    state: 'start',
    bgp: one.bgp && { ...one.bgp, state },
    channels: one.channels.map(({ name: channel }) => ({
      name: channel,
      state: 'DOWN',
      imported: 0,
      exported: 0,
      preferred: 0,
    })),
  }));

export const missing = (all: readonly ProtocolState[], ...names: readonly string[]): ProtocolState[] =>
  all.filter(({ name }) => !names.includes(name));

export function changed(
  all: readonly ProtocolState[],
  name: string,
  change: (one: ProtocolState) => ProtocolState,
): ProtocolState[] {
  if (!all.some((one) => one.name === name)) throw new Error(`no protocol is called ${name}`);
  return all.map((one) => (one.name === name ? change(one) : one));
}
