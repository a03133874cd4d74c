/** `uses: actions/checkout@<commit> # v6.0.2`, which Renovate raises in a repository before noencap does. */
const PIN = /(\buses: +([\w./-]+))@([0-9a-f]{40}) +# +(v\d+\.\d+\.\d+)\b/g;

/** A workflow without the versions of its actions: what of it only a person edits. */
export const withoutPins = (text: string): string => text.replace(PIN, '$1');

/** `text`, with each action in the newer one of the versions that it and `other` have. */
export function withNewerPins(text: string, other: string): string {
  const others = new Map(
    [...other.matchAll(PIN)].map(([, , action, commit, version]) => [action, { commit, version }]),
  );
  return text.replace(PIN, (whole, uses: string, action: string, _commit: string, version: string) => {
    const found = others.get(action);
    return found?.version !== undefined && isNewer(found.version, version)
      ? `${uses}@${found.commit} # ${found.version}`
      : whole;
  });
}

function isNewer(one: string, other: string): boolean {
  const [a, b] = [one, other].map((version) => version.slice(1).split('.').map(Number));
  const at = [0, 1, 2].find((index) => a?.[index] !== b?.[index]);
  return at !== undefined && (a?.[at] ?? 0) > (b?.[at] ?? 0);
}
