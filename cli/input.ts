import { type Read, readRepository } from '../repository/input.ts';
import { pathText } from '../topology/fault.ts';
import { type Fault, formatFault, type Source } from '../topology/index.ts';
import { counted, type Terminal } from './terminal.ts';

/** Reads the topology and what it refers to, or reports every fault and returns them. */
export function readInput(file: string, terminal: Terminal): Read {
  const read = readRepository(file);
  if (!read.ok) reportFaults(read.faults, read.source, terminal);
  return read;
}

/** Of a file with more faults, most have one cause: nobody reads on, and a log or a runner's memory has an end. */
const MOST_SHOWN = 100;
export const MOST_IN_DOCUMENT = 1000;

/** The faults as a JSON document carries them; with their number, where it does not carry all. */
export const faultsAsJson = (
  faults: readonly Fault[],
  source: Source,
): { readonly faults: readonly object[]; readonly faultCount?: number } => ({
  faults: faults.slice(0, MOST_IN_DOCUMENT).map((one) => ({
    code: one.code,
    file: source.file,
    line: one.at?.line,
    column: one.at?.column,
    path: pathText(one.path),
    message: one.message,
    fix: one.fix,
  })),
  ...(faults.length > MOST_IN_DOCUMENT && { faultCount: faults.length }),
});

function reportFaults(faults: readonly Fault[], source: Source, terminal: Terminal): void {
  const shown = faults.slice(0, MOST_SHOWN);
  terminal.complain(shown.map((one) => formatFault(one, source)).join('\n\n'));
  const most = shown.length < faults.length ? `, the first ${MOST_SHOWN} of them shown` : '';
  terminal.complain(`\n${counted(faults.length, 'fault')}${most}; nothing was written.`);
  for (const one of shown) {
    terminal.annotate({
      level: 'error',
      file: source.file,
      line: one.at?.line,
      column: one.at?.column,
      endColumn: one.at?.endColumn,
      title: pathText(one.path) || 'topology',
      message: `${one.message} ${one.fix}`,
    });
  }
}
