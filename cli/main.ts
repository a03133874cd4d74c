import { CommanderError } from 'commander';
import type { Fault } from './documents/index.ts';
import { EXIT } from './exit.ts';
import { program } from './program.ts';
import { faultOf, refusalDocument } from './refusal.ts';
import { consoleToStderr, isStdoutEmpty, toStderr, toStdout } from './terminal.ts';

/** The command line: `argv` without node and script. Sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  consoleToStderr();
  // Node would write what somebody else's text is in as it is.
  process.on('uncaughtException', (error) => {
    tellBug(error, argv);
    process.exit(1);
  });
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => toStderr(`${name}: ${message}\n`));
  // Rendered files run with full permissions on nodes and routers: nobody else may write to them, whatever the umask.
  process.umask(process.umask() | 0o002);
  try {
    await program().parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      tellBug(error, argv);
      return;
    }
    process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.badInput;
    // Commander has said it on stderr; who asked for a document gets one all the same.
    if (error.exitCode !== 0 && argv.includes('--json'))
      toStdout(refusalDocument('noencap', [usageFault(error)]));
  }
}

/** Node would show the line of the bundle besides, which is all of it. */
function tellBug(error: unknown, argv: readonly string[]): void {
  process.exitCode = EXIT.doesNotHold;
  const [message, stack] = error instanceof Error ? [error.message, error.stack] : [String(error), undefined];
  toStderr(`${stack ?? message}\nThis is a bug, of noencap or of a chart of your own.\n`);
  if (!argv.includes('--json') || !isStdoutEmpty()) return;
  const fix = 'The stack on stderr says where. If it is not in a file of yours, report it.';
  toStdout(refusalDocument('noencap', [faultOf({ code: 'bug', message: message || 'No message', fix })]));
}

/** In Commander's words: `error: unknown option '--jsn'`, and perhaps a guess in a second line. */
function usageFault({ message }: CommanderError): Fault {
  const [what = '', guess] = message.replace(/^error: /, '').split('\n');
  return faultOf({
    code: 'usage',
    message: `${what.charAt(0).toUpperCase()}${what.slice(1)}`,
    fix: guess === undefined ? 'See --help.' : guess.replace(/^\((.*)\)$/, '$1'),
  });
}
