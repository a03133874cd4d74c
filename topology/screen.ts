import { hiddenFault, hiddenIn } from './encoding.ts';
import type { Fault } from './fault.ts';
import { fault } from './fault.ts';
import type { Path } from './model.ts';

/**
 * What no value of a topology may hold, wherever it stands: characters that cannot be seen, or that a shell, YAML or
 * BIRD would obey; and, from TypeScript, what is no plain data.
 */
export function screen(value: unknown): Fault[] {
  const faults: Fault[] = [];
  const open = new Set<object>();
  const visit = (item: unknown, path: Path): void => {
    if (typeof item === 'string') {
      const hidden = hiddenIn(item);
      if (hidden !== undefined) faults.push(hiddenFault(path, hidden));
    } else if (typeof item === 'object' && item !== null) {
      if (open.has(item) || path.length > 64) {
        faults.push(fault('value', path, 'contains itself', 'Give plain data.'));
        return;
      }
      open.add(item);
      for (const [key, inner] of Object.entries(item)) {
        const part = Array.isArray(item) ? Number(key) : key;
        const hidden = hiddenIn(key);
        if (hidden !== undefined) faults.push({ ...hiddenFault([...path, part], hidden), part: 'key' });
        if (key === '__proto__')
          faults.push(fault('yaml-key', path, '__proto__ cannot be a key', 'Use a name.'));
        visit(inner, [...path, part]);
      }
      open.delete(item);
    }
  };
  visit(value, []);
  return faults;
}
