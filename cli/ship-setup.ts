import { readFileSync } from 'node:fs';
import { accountScript } from '../delivery/account.ts';
import type { RouterSpeaker } from '../fabric/index.ts';
import { refuse } from './analysis-input.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { settingsOf, targetOf } from './ship-deliveries.ts';
import type { Terminal } from './terminal.ts';

/** Prints the script that makes the restricted account on a router, for a public key in a file. */
export function shipSetup(
  network: string,
  router: RouterSpeaker,
  keyFile: string | undefined,
  knownHosts: string,
  terminal: Terminal,
): ExitCode {
  if (keyFile === undefined) {
    const says = 'No public key was given';
    return refuse(
      'ship',
      { says, mend: `Say: bin/noencap ship --setup ${router.name} --key FILE.pub` },
      terminal,
    );
  }
  const script = accountScript(
    targetOf(router, knownHosts),
    settingsOf(network, router),
    readFileSync(keyFile, 'utf8'),
  );
  if (typeof script !== 'string') return refuse('ship', script, terminal);
  terminal.print(script);
  return EXIT.fine;
}
