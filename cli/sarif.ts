import type { Finding } from '../analysis/index.ts';
import { pathText } from '../topology/fault.ts';
import { jsonText } from '../topology/foreign.ts';
import type { Fault, Source } from '../topology/index.ts';
import { MOST_IN_DOCUMENT } from './refusal.ts';
import { inRepository } from './terminal.ts';

/** What a code scanner calls a finding's severity. */
const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const;

/** Faults and findings as SARIF 2.1.0 (OASIS), which GitHub's code scanning and editors read. */
export function sarif(faults: readonly Fault[], findings: readonly Finding[], source: Source): string {
  const results = [
    ...faults.slice(0, MOST_IN_DOCUMENT).map((one) => faultResult(one, source)),
    ...findings.map((one) => findingResult(one, source)),
  ];
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].sort().map((id) => ({
    id,
    ...(/^NE\d+$/.test(id) ? { help: { text: `docs/checks/${id}.md` } } : {}),
  }));
  const document = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'noencap', rules } },
        results,
        ...(faults.length > MOST_IN_DOCUMENT && { properties: { faultCount: faults.length } }),
      },
    ],
  };
  return `${jsonText(document)}\n`;
}

interface Result {
  readonly ruleId: string;
  readonly level: 'error' | 'warning' | 'note';
  readonly message: { readonly text: string };
  readonly locations: readonly object[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly suppressions?: readonly object[];
}

const faultResult = (fault: Fault, source: Source): Result => ({
  ruleId: fault.code,
  level: 'error',
  message: { text: `${fault.message} ${fault.fix}` },
  locations: [location(source, fault.at)],
  partialFingerprints: { place: `${fault.code} ${pathText(fault.path)}` },
});

function findingResult(finding: Finding, source: Source): Result {
  const { id, severity, path, message, evidence, fix, suppressed } = finding;
  return {
    ruleId: id,
    level: LEVELS[severity],
    message: { text: [message, ...evidence, fix].join('\n') },
    locations: [location(source, source.locate(path))],
    partialFingerprints: { place: `${id} ${pathText(path)}` },
    ...(suppressed === undefined ? {} : { suppressions: [{ kind: 'inSource', justification: suppressed }] }),
  };
}

const location = (source: Source, at: Fault['at']): object => ({
  physicalLocation: {
    artifactLocation: { uri: encodeURI(inRepository(source.file)) },
    ...(at === undefined
      ? {}
      : { region: { startLine: at.line, startColumn: at.column, endColumn: at.endColumn } }),
  },
});
