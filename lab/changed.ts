/** What one step of a change did, for people. */
export interface Changed {
  readonly message: string;
}
