import type { IpAddress } from '../topology/address.ts';
import type { Lab } from './lab.ts';

/** One next hop of a kernel's route. */
export interface Hop {
  readonly machine: string;
  readonly dev: string;
  readonly via: string | undefined;
  /** Undefined if the interface is on no segment. */
  readonly segment: string | undefined;
  /** The owner of the address on that segment; undefined if no machine has it, and packets end here. */
  readonly to: string | undefined;
}

/** By machine and address, all next hops that its kernel may use; none if it has no route that leads further. */
export type Fib = (machine: string, address: string) => readonly Hop[];

interface Match {
  readonly gateway?: string;
  readonly via?: { readonly host: string };
  readonly dev?: string;
  readonly nexthops?: readonly Match[];
}

/**
 * Asks every kernel how it forwards to these addresses. `fibmatch` is the kernel's own lookup, by rules, longest prefix and metrics, and
 * returns the route with all its next hops, where a packet would show one: which one a flow takes depends on a hash whose seed
 * changes at each boot.
 */
export async function readFib(lab: Lab, addresses: readonly IpAddress[]): Promise<Fib> {
  const { hosts } = lab.plan;
  const asked = addresses.map(({ text }) => `route get fibmatch ${text}`).join('\n');
  const script = hosts.map(
    ({ name }) =>
      `echo '@${name}'; ip -n ${name} -j -force -batch /run/fib.asked 2>/run/fib.refused; echo '!'; cat /run/fib.refused`,
  );
  const { stdout } = await lab.holder.run(
    [`cat >/run/fib.asked <<'END'\n${asked}\nEND`, ...script].join('\n'),
  );
  const hops = new Map<string, readonly Hop[]>();
  for (const part of stdout.split(/^@/m).slice(1)) {
    const [name = '', ...lines] = part.split('\n');
    const end = lines.indexOf('!');
    const refused = new Set(
      lines.slice(end).flatMap((line) => /^Command failed .*:(\d+)$/.exec(line)?.[1] ?? []),
    );
    const matches = lines.slice(0, end).filter((line) => line !== '');
    const routed = addresses.filter((_, index) => !refused.has(String(index + 1)));
    for (const [index, { text }] of routed.entries()) {
      const [match] = JSON.parse(matches[index] ?? '[]') as Match[];
      const all = match === undefined ? [] : (match.nexthops ?? [match]);
      hops.set(`${name} ${text}`, all.map((one) => hopOf(lab, name, one)).sort(byName));
    }
  }
  return (machine, address) => hops.get(`${machine} ${address}`) ?? [];
}

/** Kernels list next hops in no stable order. */
const byName = (a: Hop, b: Hop): number =>
  `${a.to} ${a.dev} ${a.via}` < `${b.to} ${b.dev} ${b.via}` ? -1 : 1;

function hopOf(lab: Lab, machine: string, { gateway, via, dev = '' }: Match): Hop {
  const host = (name: string) => lab.plan.hosts.find((one) => one.name === name);
  const segment = host(machine)?.interfaces.find(({ name }) => name === dev)?.segment;
  const address = gateway ?? via?.host;
  const owner = address === undefined ? undefined : lab.machineOf.get(address);
  const isThere = host(owner ?? '')?.interfaces.some((one) => one.segment === segment) ?? false;
  return { machine, dev, via: address, segment, to: isThere ? owner : undefined };
}
