import { hiddenFault, hiddenIn } from './encoding.ts';
import type { Fault } from './fault.ts';
import type { Path } from './model.ts';

/**
 * What no key or value of a topology may contain: characters that are invisible, or that a shell, YAML
 * or BIRD would interpret. Takes plain data without cycles.
 */
export function screen(value: unknown): Fault[] {
  const faults: Fault[] = [];
  const visit = (item: unknown, path: Path): void => {
    if (typeof item === 'string') {
      const hidden = hiddenIn(item);
      if (hidden !== undefined) faults.push(hiddenFault(path, hidden));
    } else if (typeof item === 'object' && item !== null) {
      for (const [key, inner] of Object.entries(item)) {
        const innerPath = [...path, Array.isArray(item) ? Number(key) : key];
        const hidden = hiddenIn(key);
        if (hidden !== undefined) faults.push({ ...hiddenFault(innerPath, hidden), part: 'key' });
        visit(inner, innerPath);
      }
    }
  };
  visit(value, []);
  return faults;
}
