import type { IpAddress, Prefix } from '../../topology/address.ts';
import type { Token } from '../parser.ts';

/** A command of BIRD's filter language, among those in common use. */
export type Command =
  | { readonly kind: 'verdict'; readonly accepts: boolean }
  | { readonly kind: 'return'; readonly value: Expression | undefined }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly commands: readonly Command[];
      readonly otherwise: readonly Command[];
    }
  /** `for int asn in bgp_path do ...`. */
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly of: Expression;
      readonly commands: readonly Command[];
      readonly at: Token;
    }
  | { readonly kind: 'case'; readonly subject: Expression; readonly arms: readonly Arm[]; readonly at: Token }
  /** To an attribute of the route, or to a variable. */
  | { readonly kind: 'assign'; readonly name: string; readonly value: Expression; readonly at: Token }
  | {
      readonly kind: 'declare';
      readonly name: string;
      readonly value: Expression | undefined;
      readonly at: Token;
    }
  | { readonly kind: 'unset'; readonly name: string; readonly at: Token }
  /** A function, or `bgp_community.add(...)`. */
  | { readonly kind: 'call'; readonly what: Expression }
  /** A command that is not understood: the result for a route that reaches it is unknown. */
  | { readonly kind: 'unknown'; readonly at: Token };

export interface Arm {
  /** Undefined: `else`. */
  readonly labels: readonly SetElement[] | undefined;
  readonly commands: readonly Command[];
}

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'address'; readonly address: IpAddress }
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  /** An attribute, a variable, a constant, or a word of an enumeration such as `RTS_BGP`. */
  | { readonly kind: 'name'; readonly name: string; readonly at: Token }
  | { readonly kind: 'property'; readonly of: Expression; readonly name: string; readonly at: Token }
  | {
      readonly kind: 'method';
      readonly of: Expression;
      readonly name: string;
      readonly args: readonly Expression[];
      readonly at: Token;
    }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly at: Token }
  | { readonly kind: 'defined'; readonly of: Expression }
  | { readonly kind: 'not'; readonly of: Expression; readonly at: Token }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: Token;
    }
  /** `(64512, 100)`: a pair, or three numbers. */
  | { readonly kind: 'tuple'; readonly parts: readonly Expression[]; readonly at: Token }
  | { readonly kind: 'set'; readonly elements: readonly SetElement[] }
  | { readonly kind: 'mask'; readonly items: readonly MaskItem[] }
  | { readonly kind: 'empty'; readonly of: 'path' | 'pair' | 'ec' | 'lc' };

export type SetElement =
  | { readonly kind: 'prefix'; readonly prefix: Prefix; readonly lengths: Lengths }
  | { readonly kind: 'range'; readonly low: Expression; readonly high: Expression }
  /** `(64512, *)`: undefined matches any number. */
  | {
      readonly kind: 'pattern';
      readonly parts: readonly ([Expression, Expression] | undefined)[];
      readonly at: Token;
    };

/** Accepted prefix lengths: as written, `+`, `-`, or `{low,high}`. */
export type Lengths = '=' | '+' | '-' | readonly [Expression, Expression];

/** `[= * 64512 ? =]`: matches the path's AS numbers, from first to last. A single item may be a set. */
export type MaskItem = '*' | '?' | readonly [Expression, Expression];
