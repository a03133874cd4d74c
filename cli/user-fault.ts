import type { UserFault } from '../repository/user-fault.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/** The app or a chart of the user's own cannot be run (2), or throws (1). */
export function refuseUserFault({ at, kind, message, details }: UserFault, terminal: Terminal): ExitCode {
  const place = [at.file, at.line, at.column].filter((part) => part !== undefined).join(':');
  const fix = kind === 'thrown' ? 'It throws there. Nothing was written.' : 'Mend it. Nothing was written.';
  return refuse(
    { code: 'app', message: `${place}  ${message}`, fix, place: { ...at }, details },
    terminal,
    kind === 'thrown' ? EXIT.doesNotHold : EXIT.badInput,
  );
}
