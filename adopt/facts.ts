import { placeOf, type Token } from '../bird/parser.ts';
import type { Path } from '../topology/model.ts';
import type { Place, Source } from '../topology/source.ts';
import type { ClusterObject } from './cluster-objects.ts';

/** A value of the new topology, and its source in today's network. */
export interface Fact {
  readonly path: Path;
  readonly value: unknown;
  /** For the comment at the end of the line. */
  readonly from: string;
  /** No source states it: the comment asks to check it. */
  readonly guess: boolean;
  readonly origin: Origin | undefined;
}

/** Where a message about the value points: a field of an object, or a token of a router's configuration. */
export type Origin = { readonly source: Source; readonly path: Path } | Token;

/** Something of today's network that the topology does not contain, and what happens to it. */
export interface Note {
  readonly what: string;
  readonly message: string;
  /** Its place, if it is a single one. */
  readonly at?: Origin | undefined;
}

/** Where it is. Objects read as JSON have no lines. */
export const placeIn = (origin: Origin): Place | undefined =>
  'kind' in origin ? placeOf(origin) : origin.source.locate(origin.path);

/** A place, for the end of a line: `cluster.yaml:12:5`. */
export function placeText(origin: Origin | undefined): string | undefined {
  if (origin === undefined) return undefined;
  const at = placeIn(origin);
  return at === undefined ? origin.source.file : `${origin.source.file}:${at.line}:${at.column}`;
}

/** One line about what is not in the topology, and why. */
export function noteText({ what, message, at }: Note): string {
  const place = placeText(at);
  return `${what}: ${message}${place === undefined ? '' : ` (${place})`}`;
}

export const fact = (path: Path, value: unknown, from: string, origin?: Origin): Fact => ({
  path,
  value,
  from,
  guess: false,
  origin,
});

export const guess = (path: Path, value: unknown, from: string, origin?: Origin): Fact => ({
  ...fact(path, value, from, origin),
  guess: true,
});

/** An object's field as an origin. */
export const within = (object: ClusterObject, ...path: Path): Origin => ({
  source: object.source,
  path: [...object.path, ...path],
});
