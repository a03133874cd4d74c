/** In place of cli/listr.ts: a part of the bundle, which most runs do not load. */
export const loadListr = () => import('listr2');
