/** `region == 'WDS'`: the only form of selector that a topology renders. */
export interface LabelIs {
  readonly key: string;
  readonly value: string;
}

/** The label and value of a Calico selector, if it has exactly that form. */
export function labelIs(selector: string): LabelIs | undefined {
  const [, key, single, double] =
    /^\s*\(?\s*([A-Za-z0-9][A-Za-z0-9._/-]*)\s*==\s*(?:'([^']*)'|"([^"]*)")\s*\)?\s*$/.exec(selector) ?? [];
  const value = single ?? double;
  return key === undefined || value === undefined ? undefined : { key, value };
}

/** Whether a selector matches all of these nodes by their labels, in one of the usual forms for that. */
export function takesAll(selector: string, labels: readonly Readonly<Record<string, unknown>>[]): boolean {
  if (/^\s*(all\(\))?\s*$/.test(selector)) return true;
  const key = /^\s*has\(\s*([A-Za-z0-9][A-Za-z0-9._/-]*)\s*\)\s*$/.exec(selector)?.[1];
  return key !== undefined && labels.every((nodeLabels) => Object.hasOwn(nodeLabels, key));
}
