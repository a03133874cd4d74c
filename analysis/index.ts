export { type Analysis, analyse } from './analysis.ts';
export { findings } from './checks/index.ts';
export type { Failing } from './failure.ts';
export type { Finding } from './finding.ts';
