import { type Drift, parseDrift } from '../drift/document.ts';
import { driftMarker, type KeptIssue, keepIssue } from '../drift/issue.ts';
import { issueState, issueText, issueTitle } from '../drift/markdown.ts';
import { detailsOf, githubRun } from '../github/run.ts';
import { readAtMost, Unreadable, whyUnreadable } from '../machine/index.ts';
import { COMMENT_LIMIT, type Tier } from '../review/markdown/markdown.ts';
import { refused } from '../review/upsert.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { refuse } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';

export interface IssueOptions {
  /** Print the issue, and write nothing. */
  readonly print: boolean;
}

/** More than the drift of any network; what is larger was not written by noencap. */
const LARGEST = 64 * 1024 * 1024;

/** Keeps the one issue of the repository about drift: opens it, renews it, or closes it. */
export async function issue(file: string, options: IssueOptions, terminal: Terminal): Promise<ExitCode> {
  const { env } = process;
  const drift = readDrift(file);
  if ('message' in drift) return refuse({ code: 'drift', ...drift }, terminal);
  const marker = driftMarker(drift.network);
  const limit = COMMENT_LIMIT - marker.length - 1;
  const { text, tier } = issueText(drift, { limit, details: detailsOf(env) });
  const title = issueTitle(drift);
  if (options.print) {
    terminal.print(`${title}\n\n${marker}\n${text}`);
    return EXIT.fine;
  }
  const run = githubRun(env);
  if ('message' in run) return refuse({ code: 'github', ...run }, terminal, EXIT.environment);
  // Loaded here only: few commands speak with GitHub.
  const { issues } = (await import('../github/client.ts')).openGitHub(run);
  const kept = await keepIssue(issues, { marker, title, text, state: issueState(drift) });
  if (refused(kept))
    return refuse({ code: 'github', message: kept.message, fix: kept.fix }, terminal, EXIT.environment);
  return reportKept(kept, tier, terminal);
}

function readDrift(file: string): Drift | { readonly message: string; readonly fix: string } {
  const fix = `Write one with ${NOENCAP} drift --json.`;
  const name = printable(file);
  let text: string;
  try {
    text = readAtMost(file, LARGEST).toString('utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof Unreadable && code === 'EFBIG')
      return { message: `${name} is larger than the drift of any network`, fix };
    return {
      message: `There is no drift in ${name}${code === 'ENOENT' ? '' : `: it ${whyUnreadable(error)}`}`,
      fix,
    };
  }
  const drift = parseDrift(text);
  return 'message' in drift ? { message: `${name}: ${printable(drift.message).slice(0, 300)}`, fix } : drift;
}

function reportKept({ action, url, surplus }: KeptIssue, tier: Tier, terminal: Terminal): ExitCode {
  const more = surplus === 0 ? '' : `, ${counted(surplus, 'surplus issue')} closed`;
  terminal.say(
    action === 'none'
      ? `No issue is open, and none is needed${more}`
      : `Issue ${action}${more}: ${printable(url ?? '')}`,
  );
  if (terminal.json) terminal.print(documentOf('issue', { ok: true, action, url, tier, surplus }));
  return EXIT.fine;
}
