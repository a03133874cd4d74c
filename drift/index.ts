export { differences, disproof, type Proposal, proposals } from './adopt.ts';
export type { Drift, DriftUnknown, ObjectDrift, RouterDrift } from './document.ts';
export { type InGit, inGit } from './expected.ts';
export { type ObjectsDrift, objectsDrift } from './objects.ts';
export { routersDrift } from './router-files.ts';
export { changeText, objectName, ownerText, routerText } from './words.ts';
