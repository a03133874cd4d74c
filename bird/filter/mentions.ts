import type { IpAddress, Prefix } from '../../topology/address.ts';
import type { Expression } from './ast.ts';
import type { Library, Policy } from './library.ts';

/** What a filter, and everything it calls, compares routes with: where it may distinguish routes. */
export interface Mentions {
  readonly prefixes: readonly Prefix[];
  readonly addresses: readonly IpAddress[];
  readonly numbers: readonly number[];
  /** Attributes and functions, by name. */
  readonly names: ReadonlySet<string>;
}

/** All prefixes, addresses, numbers and names in a filter and in everything it calls. */
export function mentionsOf(policy: Policy, library: Library): Mentions {
  const prefixes = new Map<string, Prefix>();
  const addresses = new Map<string, IpAddress>();
  const numbers = new Set<number>();
  const names = new Set<string>();

  const called = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    walk(library.routines.get(name)?.commands);
    walk(library.constants.get(name));
  };

  const walk = (part: unknown): void => {
    if (Array.isArray(part)) for (const one of part) walk(one);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return;
    const one = part as Expression | { readonly kind?: never };
    // In a set's element the prefix is a field of the same name.
    if (one.kind === 'prefix') prefixes.set(one.prefix.text, one.prefix);
    if (one.kind === 'address') addresses.set(one.address.text, one.address);
    if (one.kind === 'number') numbers.add(one.value);
    if (one.kind === 'name' || one.kind === 'call') called(one.name);
    for (const [key, value] of Object.entries(one)) if (key !== 'at') walk(value);
  };

  if (policy.kind === 'commands') walk(policy.commands);
  return {
    prefixes: [...prefixes.values()],
    addresses: [...addresses.values()],
    numbers: [...numbers],
    names,
  };
}
