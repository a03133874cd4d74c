import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';

type Listr2 = typeof import('listr2');

/**
 * From noencap's own packages, and only here: most runs draw nothing. In the package, packaging/listr.ts takes the place of this file.
 */
export const loadListr = async (): Promise<Pick<Listr2, 'Listr' | 'ListrLogger' | 'ProcessOutput'>> =>
  createRequire(realpathSync(process.argv[1] ?? '.'))('listr2') as Listr2;
