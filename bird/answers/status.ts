/** From `show status`: the seconds that a BIRD which started with `-R` waits for its peers yet; undefined where it does not wait. */
export function recoveryLeft(status: string): number | undefined {
  const [, left] = /Wait timer is (\d+)/.exec(status) ?? [];
  return status.includes('Graceful restart recovery') ? Number(left) : undefined;
}
