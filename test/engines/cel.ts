import { Environment } from '@marcbachmann/cel-js';

const environment = new Environment({ unlistedVariablesAreDyn: true });

/** Evaluates a health expression as Flux does, over the fields of the object. A missing field means: not yet. */
export function celHolds(expression: string, object: object): boolean {
  try {
    return environment.evaluate(expression, whole(object) as Record<string, unknown>) === true;
  } catch (error) {
    if (/no such (key|attribute)|unknown variable|not found/i.test(String(error))) return false;
    throw error;
  }
}

/** Numbers of an API object are integers; to CEL a plain number is a double, which cannot be compared with an integer. */
function whole(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(whole);
  if (typeof value === 'number') return BigInt(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, whole(one)]));
}
