/** Whether a packet that takes any of the next steps can get from one machine to another. If `to` is undefined, it cannot. */
export function leadsTo(
  from: string,
  to: string,
  next: (machine: string) => readonly { readonly to: string | undefined }[],
): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let machine = open.pop(); machine !== undefined; machine = open.pop()) {
    if (machine === to) return true;
    if (seen.has(machine)) continue;
    seen.add(machine);
    open.push(...next(machine).flatMap((step) => step.to ?? []));
  }
  return false;
}
