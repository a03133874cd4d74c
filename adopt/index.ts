export { type Problem, problemText } from '../topology/problem.ts';
export { type Adopted, adopt, type Given } from './adopt.ts';
export type { RouterFolder } from './bird-files.ts';
export type { ClusterFile } from './cluster-objects.ts';
export { type Comparison, compare, concerns } from './compare.ts';
export type { Compared, Detail } from './compared.ts';
export { type Note, noteText, placeIn } from './facts.ts';
