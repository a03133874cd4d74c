export { bornAt } from './born-at.ts';
export { hidingSecrets, hidingSecretsMeanwhile, type Program, runProgram, startProgram } from './child.ts';
export { type Heard, heard, type Most } from './heard.ts';
export { outputOf, type ProgramOutput } from './output-of.ts';
export { type NotOwn, type OwnFolder, ownFolder } from './own-folder.ts';
export { type OwnProgram, ownProgram } from './own-program.ts';
export { isPackaged } from './packaged.ts';
export { readAtMost, Unreadable, whyUnreadable } from './read.ts';
