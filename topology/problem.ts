import type { FaultCode } from './codes.ts';
import { type Fault, formatFault } from './fault.ts';
import type { Path } from './model.ts';
import type { Place, Source } from './source.ts';

/** An input that adopt cannot use: a fault in a file that is not a topology. */
export interface Problem {
  readonly code: FaultCode | 'adopt-input';
  readonly source: Source;
  /** Position in the file's structure; empty if it has none, as in a BIRD configuration. */
  readonly path: Path;
  readonly at: Place | undefined;
  readonly message: string;
  readonly fix: string;
}

/** A problem; the message gets its full stop here. */
export const problem = (
  source: Source,
  at: Place | undefined,
  message: string,
  fix: string,
  path: Path = [],
): Problem => ({ code: 'adopt-input', source, path, at, message: `${message}.`, fix });

/** A fault that the topology's readers found in a file. */
export const fromFault = ({ code, path, at, message, fix }: Fault, source: Source): Problem => ({
  code,
  source,
  path,
  at: at ?? source.locate(path),
  message,
  fix,
});

/** File, line and column, the line with carets, what is wrong and the fix. */
export const problemText = ({ source, code: _, ...fault }: Problem): string =>
  formatFault(fault, { ...source, line: (number) => withoutPasswords(source.line(number)) });

/** BIRD's password syntax; a message about its line must not reveal the password. */
const withoutPasswords = (line: string): string =>
  line.replace(
    /(\bpassword\s*")([^"]*)/g,
    (_, before: string, value: string) => before + '*'.repeat(value.length),
  );
