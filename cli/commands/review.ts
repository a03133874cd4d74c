import { type Command, InvalidArgumentError, Option } from 'commander';
import { NOENCAP } from '../../topology/own-command.ts';
import { BASE, command, examples, run, withoutTopology } from './command.ts';

/** What a change does, and what is not as in git. */
export function reviewCommands(root: Command): void {
  command(root, 'diff', 'Show what a change does to cluster, routers, nodes, sessions and packets.')
    .option('--base <ref>', BASE)
    .option('-o, --out <dir>', 'output folder', 'dist')
    .option('--rehearse', 'also make the change in the lab, and report what it lost', false)
    .option('--accept', 'accept its dangers: exit 0 anyway', false)
    .addHelpText(
      'after',
      examples('noencap diff', 'noencap diff --base HEAD~1 --rehearse', 'noencap diff --json > review.json'),
    )
    .action((options) =>
      run(options, 'diff', async (speak) => (await import('../diff.ts')).diff(options, speak)),
    );

  command(root, 'comment', 'Post a review as a comment on its pull request, or update the existing one.')
    .argument('[review]', `review that ${NOENCAP} diff --json wrote`, 'review.json')
    .option('--pull-request <number>', "the pull request, instead of the event's", pullRequest)
    .addOption(
      new Option('--print', 'print the comment instead of posting it').default(false).conflicts('json'),
    )
    .addHelpText(
      'after',
      examples('noencap comment', 'noencap comment review.json --pull-request 12', 'noencap comment --print'),
    )
    .action((review, options) =>
      run(options, 'comment', async (speak) =>
        (await import('../comment.ts')).comment(review, options, speak),
      ),
    );

  withoutTopology(
    root,
    'issue',
    'Keep one issue about drift: open it, renew it, close it when drift is gone.',
  )
    .argument('[drift]', `what ${NOENCAP} drift --json wrote`, 'drift.json')
    .addOption(
      new Option('--print', 'print the issue instead of writing it').default(false).conflicts('json'),
    )
    .addHelpText(
      'after',
      examples('noencap issue', 'noencap issue drift.json --json', 'noencap issue --print'),
    )
    .action((drift, options) =>
      run(options, 'issue', async (speak) => (await import('../issue.ts')).issue(drift, options, speak)),
    );
}

function pullRequest(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new InvalidArgumentError('Must be the number of a pull request.');
  return Number(value);
}
