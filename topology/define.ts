import type { TopologyInput } from './schema.ts';

/** Types a topology written in TypeScript; `parseTopologyValue` then reads it. */
export const defineTopology = (value: TopologyInput): TopologyInput => value;
