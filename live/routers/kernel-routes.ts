import type { KernelRoute } from '../../verify/index.ts';

/**
 * Routes from the lines of `ip route show table all`, of iproute2 or busybox. Text, since busybox knows no JSON; one that is no unicast route begins
 * with its type, and several next hops follow on lines of their own.
 */
export function kernelRoutes(lines: readonly string[]): KernelRoute[] {
  const routes: (KernelRoute & { hops: { via: string | undefined; dev: string }[] })[] = [];
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    if (/^\s/.test(line)) {
      if (words[0] === 'nexthop') routes.at(-1)?.hops.push(...hopIn(words));
      continue;
    }
    const type = TYPES.find((one) => one === words[0]);
    const [to = ''] = type === undefined ? words : words.slice(1);
    if (!/^[0-9a-f.:]+(\/\d+)?$/.test(to)) continue;
    routes.push({
      prefix: to.includes('/') ? to : `${to}/${to.includes(':') ? 128 : 32}`,
      type: type ?? 'unicast',
      hops: hopIn(words),
    });
  }
  return structuredClone(routes);
}

/** rtnetlink(7): those that ip(8) writes before the prefix. */
const TYPES = [
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'throw',
  'unreachable',
  'prohibit',
  'blackhole',
  'nat',
  'unicast',
] as const;

/** `via inet6 fe80::1` is a next hop of the other family (RFC 8950). */
function hopIn(words: readonly string[]): { via: string | undefined; dev: string }[] {
  const after = (word: string) => {
    const at = words.indexOf(word);
    if (at < 0) return undefined;
    const next = words[at + 1];
    return next === 'inet' || next === 'inet6' ? words[at + 2] : next;
  };
  const dev = after('dev');
  return dev === undefined ? [] : [{ via: after('via'), dev }];
}
