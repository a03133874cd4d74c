import type { BirdStatement } from '../parser.ts';
import { type BgpProtocol, type BirdConfig, birdConfig } from '../protocols.ts';
import { type Library, libraryOf, type Policy, policyOf } from './library.ts';
import { type Marks, marksOf } from './marks.ts';

/** A configuration and the behaviour of its filters. */
export interface FilteringConfig extends BirdConfig {
  /** What its filters can call by name. */
  readonly library: Library;
  /** What they set on routes before these reach the filters of a session. */
  readonly marks: Marks;
  /** What a filter of a protocol does, by the option's name; undefined if it has none. Filters of a template are read once. */
  readonly policy: (protocol: BgpProtocol, option: string) => Policy | undefined;
}

/** Arguments as for `birdConfig`. */
export function filteringConfig(
  statements: readonly BirdStatement[],
  givenConstants: ReadonlyMap<string, string> = new Map(),
): FilteringConfig {
  const library = libraryOf(statements, givenConstants);
  const read = new Map<BirdStatement, Policy>();
  const policyIn = (one: BirdStatement): Policy => {
    const found = read.get(one) ?? policyOf(one, library);
    read.set(one, found);
    return found;
  };
  return {
    ...birdConfig(statements, givenConstants),
    library,
    marks: marksOf(statements, library),
    policy: ({ filters }, option) => {
      const filter = filters.get(option);
      return filter === undefined ? undefined : policyIn(filter);
    },
  };
}
