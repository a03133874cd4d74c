import type { Hidden } from '../delivery/index.ts';
import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { knownHostsOf, readIfThere, secretsOf } from '../repository/trust-files.ts';
import { type SecretFault, secretFaultText } from '../secrets/fault.ts';
import { passwordsFor } from '../secrets/passwords.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { faultOf, printFaults, type Refusal, refusalText } from './refusal.ts';
import { unpinned } from './ship-deliveries.ts';
import { counted, type Terminal } from './terminal.ts';

export interface TrustOptions {
  readonly topology: string;
  readonly knownHosts: string | undefined;
  readonly secrets: string | undefined;
}

/** What a delivery to these routers needs besides files: pinned host keys and passwords. Or the exit code, with what lacks told. */
export async function trust(
  fabric: Fabric,
  routers: readonly RouterSpeaker[],
  options: TrustOptions,
  terminal: Terminal,
): Promise<{ readonly knownHosts: string; readonly passwords: ReadonlyMap<string, Hidden> } | ExitCode> {
  const knownHosts = options.knownHosts ?? knownHostsOf(options.topology);
  // ssh and ssh-keygen read it to its end, which a device does not have.
  readIfThere(knownHosts);
  const unknown = await unpinned(routers, knownHosts);
  if (unknown.length > 0) return refuseUnpinned(unknown, terminal);
  const secrets = await passwordsFor(fabric.routers, {
    file: options.secrets ?? secretsOf(options.topology),
    env: process.env,
    only: routers.map(({ name }) => name),
  });
  if (!secrets.ok) return refuseSecrets(secrets.faults, terminal);
  return { knownHosts, passwords: secrets.passwords };
}

function refuseUnpinned(
  unknown: readonly { readonly router: string; readonly message: string; readonly fix: string }[],
  terminal: Terminal,
): ExitCode {
  const refusals = unknown.map(
    ({ router, message, fix }): Refusal => ({ code: 'host-key', message: `${router}: ${message}`, fix }),
  );
  for (const one of refusals) terminal.complain(refusalText(one, terminal));
  printFaults(refusals.map(faultOf), terminal);
  return EXIT.environment;
}

function refuseSecrets(faults: readonly SecretFault[], terminal: Terminal): ExitCode {
  terminal.complain(
    `${faults.map(secretFaultText).join('\n\n')}\n\n${counted(faults.length, 'fault')}; no router was contacted.`,
  );
  printFaults(
    faults.map(({ at, message, fix }) => faultOf({ code: 'secret', message, fix, place: at })),
    terminal,
  );
  return EXIT.badInput;
}
