import {
  analyse,
  type FailureReport,
  type Finding,
  failureReports,
  findings as findingsOf,
} from '../analysis/index.ts';
import { originsOf } from '../repository/origin.ts';
import { pathText } from '../topology/fault.ts';
import type { Fault, Source } from '../topology/index.ts';
import { type BlocksOptions, takenText, withAskedBlocks } from './blocks-input.ts';
import { documentOf } from './document.ts';
import type { Body } from './documents/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { findingText, pageOf } from './finding-text.ts';
import { readInput } from './input.ts';
import { placeIn, printTopologyFaults } from './refusal.ts';
import { sarif } from './sarif.ts';
import { counted, type Terminal } from './terminal.ts';
import { whatIfFindings, whatIfText } from './what-if.ts';

export interface CheckOptions extends BlocksOptions {
  /** Warnings fail too. */
  readonly strict: boolean;
  /** Try every failure, or every two together, and say what each does. */
  readonly failures: '1' | '2' | undefined;
  /** Print SARIF, and nothing else. */
  readonly sarif: boolean;
}

/** Reports faults of the topology (exit 2) or findings about the network it describes (exit 1). */
export async function check(options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  const printFaults = options.sarif ? printSarif : printTopologyFaults;
  const read = await readInput(options.topology, terminal, printFaults);
  if (!read.ok) return EXIT.badInput;
  const { source } = read.input;
  const asked = await withAskedBlocks(read.input.fabric, options, terminal);
  if ('code' in asked) return asked.code;
  const { fabric, taken } = asked;
  const analysis = analyse(fabric);
  const findings = findingsOf(analysis, { origins: originsOf(options.topology) });
  const reports =
    options.failures === undefined ? undefined : failureReports(analysis, options.failures === '2' ? 2 : 1);
  const failing = findings.filter((finding) => fails(finding, options.strict));
  const placed = [...findings, ...(reports === undefined ? [] : whatIfFindings(analysis, reports))];
  for (const finding of placed) annotate(finding, source, terminal);
  if (options.sarif) terminal.print(sarif([], placed, source));
  else if (terminal.json) {
    terminal.print(
      documentOf('check', {
        ok: failing.length === 0,
        findings: findings.map((finding) => findingAsJson(finding, source)),
        ...(reports === undefined ? {} : { failures: reports.map(failureAsJson) }),
        ...(taken === undefined ? {} : { cluster: taken }),
      }),
    );
  } else {
    for (const finding of findings) terminal.report(`${findingText(finding, source, terminal)}\n`);
    if (reports !== undefined) terminal.report(`${whatIfText(analysis, reports, terminal.colour)}\n`);
    terminal.say(verdict(findings, options));
    if (taken !== undefined) terminal.say(takenText(taken));
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
    message: `${finding.message}. ${finding.fix}`,
  });
}

const printSarif = (faults: readonly Fault[], source: Source, terminal: Terminal): void =>
  terminal.print(sarif(faults, [], source));

type Document = Body<'check'>;

/** As documents have it. */
export function findingAsJson(
  { id, severity, path, message, evidence, fix, suppressed }: Finding,
  source: Source,
): Document['findings'][number] {
  return {
    code: id,
    severity,
    message,
    evidence,
    fix,
    place: placeIn(source.file, source.locate(path), pathText(path)),
    page: pageOf(id),
    ...(suppressed === undefined ? {} : { suppressed }),
  };
}

const failureAsJson = (report: FailureReport): NonNullable<Document['failures']>[number] => ({
  failed: report.failed,
  represents: report.alike,
  pairsLost: report.lost,
  pairsWorse: report.worse,
  moreHops: report.moreHops,
  lessMtu: report.lessMtu,
  nodesMissingPeer: report.waiting,
  pairs: report.changes.map(({ from, to, prefix, pairs, becomes, hops, mtu, turns }) => ({
    from,
    to,
    prefix,
    represents: pairs,
    change: becomes,
    hops: [hops[0] ?? null, hops[1] ?? null],
    mtu: [mtu[0] ?? null, mtu[1] ?? null],
    hairpin: turns,
  })),
});
