import { accountScript } from '../delivery/index.ts';
import type { RouterSpeaker } from '../fabric/index.ts';
import { readAtMost, whyUnreadable } from '../machine/index.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { refuse } from './refusal.ts';
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
    const fix = `Run: ${NOENCAP} ship --setup ${router.name} --key FILE.pub`;
    return refuse({ code: 'usage', message: 'No public key was given', fix }, terminal);
  }
  let key: string;
  try {
    key = readAtMost(keyFile, LARGEST_KEY).toString('utf8');
  } catch (error) {
    const message = `${printable(keyFile)} ${whyUnreadable(error)}`;
    const fix = 'Name a public key with --key, as ssh-keygen made it: FILE.pub.';
    return refuse({ code: 'file', message, fix }, terminal);
  }
  const script = accountScript(targetOf(router, knownHosts), settingsOf(network, router), key);
  if (typeof script !== 'string') return refuse({ code: 'file', ...script }, terminal);
  if (terminal.json) terminal.print(documentOf('ship --setup', { ok: true, router: router.name, script }));
  else terminal.print(script);
  return EXIT.fine;
}

/** A key of 16,384 bits has 3 KiB. */
const LARGEST_KEY = 64 * 1024;
