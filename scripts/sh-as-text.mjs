import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

/** For scripts that tsx runs: a module of shell is its text, as in the bundle of `bin/noencap` and in the tests. */
export function load(url, context, next) {
  if (!url.endsWith('.sh')) return next(url, context);
  const source = `export default ${JSON.stringify(readFileSync(fileURLToPath(url), 'utf8'))};`;
  return { format: 'module', source, shortCircuit: true };
}

// Node.js loads this file twice: to register the hook, and as the hook.
if (!import.meta.url.endsWith('?hook')) {
  register(`${import.meta.url}?hook`);
}
