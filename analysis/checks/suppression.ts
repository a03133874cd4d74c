import { pathText } from '../../topology/fault.ts';
import type { Path } from '../../topology/model.ts';

/** Whether a suppression's `where` names a place, as findings write it: `routers.gateway`, or `underlay.segments.*` for all below. */
export function covers(where: string, path: Path): boolean {
  const place = pathText(path);
  return where.endsWith('*') ? place.startsWith(where.slice(0, -1)) : place === where;
}
