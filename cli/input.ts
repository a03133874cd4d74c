import { type Read, readRepository } from '../repository/input.ts';
import { pathText } from '../topology/fault.ts';
import { type Fault, formatFault, type Source } from '../topology/index.ts';
import { printTopologyFaults } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';
import { fitted } from './wrapped.ts';

/** Reads the topology and what it refers to, or reports every fault, in the command's document too. */
export async function readInput(
  file: string,
  terminal: Terminal,
  print = printTopologyFaults,
): Promise<Read> {
  const read = await readRepository(file);
  if (!read.ok) {
    reportFaults(read.faults, read.source, terminal);
    print(read.faults, read.source, terminal);
  }
  return read;
}

/** Of a file with more faults, most have one cause: nobody reads on. */
const MOST_SHOWN = 100;

function reportFaults(faults: readonly Fault[], source: Source, terminal: Terminal): void {
  const shown = faults.slice(0, MOST_SHOWN);
  terminal.complain(
    shown.map((one) => formatFault(one, source, (line) => fitted(line, terminal.prose.err))).join('\n\n'),
  );
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
