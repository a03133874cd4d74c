export { defineTopology } from './define.ts';
export { LARGEST as LARGEST_TOPOLOGY } from './encoding.ts';
export type { Fault } from './fault.ts';
export { formatFault } from './fault.ts';
export type { Loaded } from './load.ts';
export { loadTopology, parseTopologyValue, unreadable } from './load.ts';
export type { Path, Topology } from './model.ts';
export type { TopologyInput } from './schema.ts';
export type { Place, Source } from './source.ts';
