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

/** Whether a selector takes all of these nodes, by their labels, in one of the forms that are written for that. */
export function takesAll(selector: string, labels: readonly Readonly<Record<string, unknown>>[]): boolean {
  if (/^\s*(all\(\))?\s*$/.test(selector)) return true;
  const key = /^\s*has\(\s*([A-Za-z0-9][A-Za-z0-9._/-]*)\s*\)\s*$/.exec(selector)?.[1];
  return key !== undefined && labels.every((own) => Object.hasOwn(own, key));
}
