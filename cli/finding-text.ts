import type { Finding } from '../analysis/index.ts';
import { pathText } from '../topology/fault.ts';
import type { Source } from '../topology/index.ts';
import type { Terminal } from './terminal.ts';
import { fitted } from './wrapped.ts';

/** A finding for people: what, why, the fix, and where. */
export function findingText(
  finding: Finding,
  source: Source,
  { colour, prose }: Pick<Terminal, 'colour' | 'prose'>,
): string {
  const { bold, red, yellow, cyan, dim } = colour;
  const paint = { error: red, warning: yellow, info: cyan }[finding.severity];
  const text = [
    `${bold(paint(finding.severity))} ${bold(finding.id)}  ${finding.message}`,
    ...finding.evidence.map((line) => `  ${line}`),
    finding.suppressed === undefined ? `  ${finding.fix}` : `  suppressed: ${finding.suppressed}`,
    dim(`  at ${place(finding, source)} ${pathText(finding.path)}; see ${pageOf(finding.id)}`),
  ].join('\n');
  return fitted(text, prose.out);
}

/** The page that explains a finding. */
export const pageOf = (id: string): string => `docs/checks/${id}.md`;

function place(finding: Finding, source: Source): string {
  const at = source.locate(finding.path);
  return at === undefined ? source.file : `${source.file}:${at.line}:${at.column}`;
}
