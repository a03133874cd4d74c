/** From `show status`: the remaining seconds that a BIRD started with `-R` waits for its peers; undefined if it does not wait. */
export function recoveryLeft(status: string): number | undefined {
  const [, left] = /Wait timer is (\d+)/.exec(status) ?? [];
  return status.includes('Graceful restart recovery') ? Number(left) : undefined;
}
