import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { nextCommands } from './next-command.ts';
import type { RouterFacts } from './router-look.ts';
import { asPromised, different, unknown, type Verdict } from './verdict.ts';

/** The kernel settings that forwarding needs. A kernel without IPv6 has none of its settings, which only matters where IPv6 is used. */
export function sysctlVerdicts(fabric: Fabric, router: RouterSpeaker, facts: RouterFacts): Verdict[] {
  const usesIpv6 =
    fabric.pods.families.includes('ipv6') || fabric.sessions.some(({ transport }) => transport === 'ipv6');
  return [...facts.sysctlsRendered].flatMap(([key, expected]) => {
    const found = facts.sysctls.get(key) ?? '';
    const about = { kind: 'sysctl', name: key, machine: router.name } as const;
    if (found === expected) return [asPromised({ about, kind: 'sysctl', expected, found })];
    if (found === '') {
      if (!usesIpv6 && key.startsWith('net.ipv6.')) return [];
      const cause = { message: 'the kernel does not have it, or does not show it', evidence: [] };
      return [unknown({ about, kind: 'sysctl', expected, cause })];
    }
    return [
      different({
        about,
        kind: 'sysctl-different',
        expected,
        found,
        cause: {
          message: effectOf(key, found),
          evidence: [`${key} = ${found}`],
        },
        next: nextCommands(fabric).at(router.name, `sudo sysctl -w ${key}=${expected}`),
      }),
    ];
  });
}

/** Linux: ip-sysctl, rp_filter (RFC 3704). `default` is what interfaces begin with that come later. */
function effectOf(key: string, found: string): string {
  const where = key.includes('.default.') ? 'of interfaces that come later, ' : '';
  if (!key.endsWith('rp_filter')) return `${where}the kernel does not forward`;
  return found === '1'
    ? `${where}the kernel drops packets that it would not answer on the interface they come from`
    : `${where}the kernel drops packets whose source it has no route to`;
}
