import { appendFileSync } from 'node:fs';
import { faultText, type Result, type Shipped } from '../delivery/index.ts';
import { printable } from '../topology/fault.ts';
import { counted } from './terminal.ts';

/** Writes the outcome of the routers to the page of a workflow run. What a router said is text there, and nothing else. */
export function summarise({ outcome, results }: Shipped, lookOnly: boolean): void {
  const { GITHUB_STEP_SUMMARY: file } = process.env;
  if (file === undefined || file === '') return;
  const changed = results.filter((one) => one.outcome !== 'unchanged');
  const shown = changed.slice(0, MOST);
  const rows = shown.map((one) => `| ${cell(one.router)} | ${one.outcome} | ${messageCell(one)} |`);
  const [same, hidden] = [results.length - changed.length, changed.length - shown.length];
  appendFileSync(
    file,
    [
      `### ${lookOnly ? 'Check of the routers' : `Delivery ${outcome}`}`,
      '',
      ...(rows.length === 0 ? [] : ['| router | outcome | |', '|---|---|---|', ...rows, '']),
      ...(same === 0 ? [] : [same === 1 ? '1 router is unchanged.' : `${same} routers are unchanged.`, '']),
      ...(hidden === 0 ? [] : [`${counted(hidden, 'router')} ${hidden === 1 ? 'is' : 'are'} not shown.`, '']),
    ].join('\n'),
  );
}

/** GitHub shows at most one MiB, and nobody reads that much. */
const MOST = 200;

const messageCell = (result: Result): string =>
  cell((result.fault === null ? '' : faultText(result.fault)).slice(0, 1000));

/** In a code span nothing is Markdown, a mention or HTML; a bar would still end the cell, and a backtick the span. */
const cell = (text: string): string => {
  const plain = printable(text.replace(/\s+/g, ' ')).replaceAll('`', "'").replaceAll('|', '\\|').trim();
  return plain === '' ? '' : `\`${plain}\``;
};
