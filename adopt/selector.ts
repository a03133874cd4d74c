/** `region == 'WDS'`: the one form of selector that a topology makes. */
export interface LabelIs {
  readonly key: string;
  readonly value: string;
}

/** The label and value that a selector of Calico's asks for, where it is of that form and asks nothing else. */
export function labelIs(selector: string): LabelIs | undefined {
  const [, key, single, double] =
    /^\s*\(?\s*([A-Za-z0-9][A-Za-z0-9._/-]*)\s*==\s*(?:'([^']*)'|"([^"]*)")\s*\)?\s*$/.exec(selector) ?? [];
  const value = single ?? double;
  return key === undefined || value === undefined ? undefined : { key, value };
}
