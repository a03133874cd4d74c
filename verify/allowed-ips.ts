import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { addressBits, contains, ipAddress, type Prefix, parsePrefix } from '../topology/address.ts';
import { nextCommands } from './next-command.ts';
import type { KernelRoute, PodRoutes } from './router-look.ts';
import { different, type Verdict } from './verdict.ts';

/**
 * WireGuard sends a packet to the peer whose AllowedIPs have its destination, and takes one only if they have its source: routes to pods over
 * an interface whose peers have none for them lead nowhere, and what these pods send is dropped.
 */
export function narrowAllowedIPs(
  fabric: Fabric,
  router: RouterSpeaker,
  { allowedIPs }: PodRoutes,
  kernel: readonly KernelRoute[],
): Verdict[] {
  return [...allowedIPs].flatMap(([dev, texts]) => {
    const routed = kernel.filter(
      ({ type, hops }) => type === 'unicast' && hops.some((hop) => hop.dev === dev),
    );
    const allowed = prefixes(texts);
    const missing = prefixes(routed.map(({ prefix }) => prefix)).filter((one) => !isCovered(one, allowed));
    if (missing.length === 0) return [];
    return [
      different({
        about: { kind: 'interface', name: dev, machine: router.name },
        kind: 'allowed-ips',
        expected: `AllowedIPs with ${some(missing.map(({ text }) => text))}`,
        found: texts.length === 0 ? 'none' : some(texts),
        cause: {
          message: `WireGuard drops what is sent to these pods over ${dev}, and what they send`,
          evidence: [`allowed ips of ${dev}: ${texts.join(' ') || '(none)'}`],
        },
        next: nextCommands(fabric).at(router.name, `sudo wg show ${dev} allowed-ips`),
      }),
    ];
  });
}

const prefixes = (texts: readonly string[]): Prefix[] =>
  texts.flatMap((text) => {
    const parsed = parsePrefix(text);
    return parsed.ok ? [parsed.prefix] : [];
  });

/** By one of them, or by several together. */
function isCovered(one: Prefix, by: readonly Prefix[]): boolean {
  const near = by.filter((other) => contains(other, one) || contains(one, other));
  if (near.some((other) => contains(other, one))) return true;
  if (near.length < 2) return false;
  const length = one.length + 1;
  const step = 1n << BigInt(addressBits(one.family) - length);
  return [one.value, one.value + step].every((value) => {
    const { text } = ipAddress(one.family, value);
    return isCovered({ family: one.family, value, length, text: `${text}/${length}` }, near);
  });
}

const MOST = 6;

const some = (texts: readonly string[]): string =>
  texts.length <= MOST
    ? texts.join(', ')
    : `${texts.slice(0, MOST).join(', ')} and ${texts.length - MOST} more`;
