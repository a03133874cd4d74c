/** A place in a file of the user's. */
export interface UserPlace {
  /** Relative to the working folder. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** What is wrong with the user's own code. */
export class UserFault extends Error {
  readonly at: UserPlace;
  /** `unusable`: it cannot be run as it is written. `thrown`: it runs, and throws. */
  readonly kind: 'unusable' | 'thrown';
  /** Lines for the reader: the calls that led there. */
  readonly details: readonly string[];

  constructor(at: UserPlace, kind: UserFault['kind'], message: string, details: readonly string[] = []) {
    super(message);
    this.at = at;
    this.kind = kind;
    this.details = details;
  }
}
