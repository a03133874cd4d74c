import { parseAddress } from '../address.ts';
import type { Draft } from '../draft.ts';
import { entries } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';

/**
 * Two routers with the same SSH server: one of them would get the other's configuration. The login name makes no difference. Whether two
 * names lead to one machine, only the machine can tell: see delivery/script-identity.ts. Planned routers are not delivered to.
 */
export function sshTargets(draft: Draft): Fault[] {
  const routers = entries(draft.file.routers).filter(
    ([name, { planned }]) => planned === false && !draft.faulty('routers', name, 'ssh'),
  );
  const targets = new Map<string, { readonly router: string; readonly path: Path }>();
  const addresses = new Map(
    routers.flatMap(([router, { ssh }]) =>
      addressesOf(draft, router).map(({ address, path }) => [`${address}:${ssh?.port}`, { router, path }]),
    ),
  );
  return routers.flatMap(([router, { ssh }]): Fault[] => {
    const { host = router, port } = ssh ?? {};
    const written = draft.written(['routers', router, 'ssh', 'host']) !== undefined;
    const path = ['routers', router, ...(written ? ['ssh', 'host'] : [])];
    const target = `${oneSpelling(host)}:${port}`;
    const twin = targets.get(target);
    if (twin === undefined) targets.set(target, { router, path });
    const owner = addresses.get(target);
    const other = twin ?? (owner?.router === router ? undefined : owner);
    if (other === undefined) return [];
    const message = `ssh to ${router} goes to ${host}, port ${port}, the SSH server of ${other.router}`;
    const fix = 'Give each router the host and port of its own SSH server.';
    const note = twin === undefined ? `an address of ${other.router}` : `where ssh to ${other.router} goes`;
    return [fault('ssh-target-twice', path, message, fix, { notes: [{ path: other.path, message: note }] })];
  });
}

/** The known addresses of a router, in one spelling, with their paths. */
function addressesOf(draft: Draft, router: string): { address: string; path: Path }[] {
  const entry = draft.file.routers?.[router];
  const places: [Path, { readonly ipv4?: { text: string }; readonly ipv6?: { text: string } } | undefined][] =
    [
      [['routers', router, 'nodeAddress'], entry?.nodeAddress],
      [['routers', router, 'backboneAddress'], entry?.backboneAddress],
      ...entries(draft.file.underlay?.segments).flatMap(
        ([segment, { members }]): [Path, NonNullable<typeof members>[string]][] =>
          Object.hasOwn(members ?? {}, router)
            ? [[['underlay', 'segments', segment, 'members', router], members?.[router]]]
            : [],
      ),
    ];
  return places.flatMap(([path, pair]) =>
    [pair?.ipv4, pair?.ipv6].flatMap((one) => (one === undefined ? [] : [{ address: one.text, path }])),
  );
}

/** What ssh treats as the same host without a lookup: case, a trailing dot, and every address notation that libc reads. */
export function oneSpelling(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name.includes(':')) {
    const address = parseAddress(name);
    if (address === undefined) return name;
    return address.value >> 32n === 0xffffn ? quad(address.value & 0xffffffffn) : address.text;
  }
  try {
    // Octal, hexadecimal and shortened IPv4 addresses, as inet_aton reads them.
    return new URL(`http://${name}/`).hostname;
  } catch {
    return name;
  }
}

const quad = (value: bigint): string => [24n, 16n, 8n, 0n].map((bits) => (value >> bits) & 255n).join('.');
