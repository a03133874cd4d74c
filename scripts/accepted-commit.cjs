// Prints accept=true if the label accept-danger counts: it is for the commit that is checked out, and a review of that commit existed
// when it was set. Somebody who sets it while another commit is pushed has not seen what that one does.
'use strict';

const { execFileSync } = require('node:child_process');
const { runsOf } = require('./workflow-runs.cjs');

const { GITHUB_RUN_ID: own, HEAD_SHA: labeled, LABELED_AT: at } = process.env;

main().then(
  () => console.log('accept=true'),
  (error) => {
    console.error(
      `::warning title=Not accepted::${String(error.message).replace(/\s+/g, ' ')} See its review, take the label off and set it again.`,
    );
    console.log('accept=false');
  },
);

async function main() {
  if (!/^[0-9a-f]{40,64}$/.test(labeled ?? '')) throw new Error('The label is for no commit.');
  const short = labeled.slice(0, 7);
  // The merge of the pull request into its base.
  const merged = execFileSync('git', ['rev-parse', 'HEAD^2'], { encoding: 'utf8' }).trim();
  if (merged !== labeled) {
    throw new Error(`The label was set for ${short}, and this is ${merged.slice(0, 7)}.`);
  }
  const runs = await runsOf('pull-request.yml', `event=pull_request&head_sha=${labeled}`).catch((error) => {
    throw new Error(`Which reviews there are is not known: ${error.message}.`);
  });
  const seen = runs.some(
    ({ id, head_sha, status, conclusion, updated_at }) =>
      String(id) !== own &&
      head_sha === labeled &&
      status === 'completed' &&
      ['success', 'failure'].includes(conclusion) &&
      Date.parse(updated_at) <= Date.parse(at),
  );
  if (!seen) throw new Error(`There was no review of ${short} yet when the label was set.`);
}
