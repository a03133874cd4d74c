import { analyse, type Finding, findings as findingsOf } from '../analysis/index.ts';
import { pathText } from '../topology/fault.ts';
import type { Source } from '../topology/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { findingText } from './finding-text.ts';
import { faultsAsJson, readInput } from './input.ts';
import { counted, type Terminal } from './terminal.ts';

export interface CheckOptions {
  readonly topology: string;
  /** Warnings fail too. */
  readonly strict: boolean;
}

/** Says what is wrong with the topology (faults, exit 2) or with the network it describes (findings, exit 1). */
export function check(options: CheckOptions, terminal: Terminal): ExitCode {
  const read = readInput(options.topology, terminal);
  if (!read.ok) {
    if (terminal.json) terminal.print(document(false, faultsAsJson(read.faults, read.source), []));
    return EXIT.badInput;
  }
  const { fabric, source } = read.input;
  const findings = findingsOf(analyse(fabric));
  const failing = findings.filter((finding) => fails(finding, options.strict));
  for (const finding of findings) annotate(finding, source, terminal);
  if (terminal.json) {
    terminal.print(
      document(
        failing.length === 0,
        [],
        findings.map((finding) => asJson(finding, source)),
      ),
    );
  } else {
    for (const finding of findings) terminal.report(`${findingText(finding, source, terminal.colour)}\n`);
    terminal.say(verdict(findings, options));
  }
  return failing.length === 0 ? EXIT.fine : EXIT.doesNotHold;
}

const fails = (finding: Finding, strict: boolean): boolean =>
  finding.suppressed === undefined &&
  (finding.severity === 'error' || (strict && finding.severity === 'warning'));

function verdict(findings: readonly Finding[], options: CheckOptions): string {
  const open = findings.filter((finding) => finding.suppressed === undefined);
  const count = (severity: Finding['severity']) =>
    open.filter((finding) => finding.severity === severity).length;
  const suppressed = findings.length - open.length;
  const parts = [
    counted(count('error'), 'error'),
    counted(count('warning'), 'warning'),
    counted(count('info'), 'note'),
    ...(suppressed === 0 ? [] : [`${suppressed} suppressed`]),
  ];
  return `${options.topology}: valid; ${parts.join(', ')}.`;
}

function annotate(finding: Finding, source: Source, terminal: Terminal): void {
  if (finding.suppressed !== undefined) return;
  const at = source.locate(finding.path);
  terminal.annotate({
    level: finding.severity === 'info' ? 'notice' : finding.severity,
    file: source.file,
    line: at?.line,
    column: at?.column,
    endColumn: at?.endColumn,
    title: finding.id,
    message: `${finding.says}. ${finding.mend}`,
  });
}

function asJson(finding: Finding, source: Source): object {
  const at = source.locate(finding.path);
  return {
    ...finding,
    path: pathText(finding.path),
    file: source.file,
    line: at?.line,
    column: at?.column,
  };
}

const document = (ok: boolean, faults: readonly object[], findings: readonly object[]): string =>
  `${JSON.stringify({ version: 1, command: 'check', ok, faults, findings }, null, 2)}\n`;
