// Prints the commit that the previous run of routers.yml delivered to every router, or nothing if that is unknown: the run failed, was
// cancelled, was started by hand (perhaps for one router), or GitHub does not answer. Then all routers are planned.
'use strict';

const { runsOf } = require('./workflow-runs.cjs');

const { GITHUB_RUN_NUMBER: own } = process.env;

main().then(
  (commit) => console.log(commit),
  (error) => {
    console.error(
      `::notice title=All routers are planned::What was delivered last is not known: ${String(error.message).replace(/\s+/g, ' ')}`,
    );
    console.log('');
  },
);

async function main() {
  // Newest first. There is never more than one page of runs newer than this one.
  const runs = await runsOf('routers.yml', 'branch=main&exclude_pull_requests=true');
  const last = runs
    .filter(({ run_number: number }) => number < Number(own))
    .sort((a, b) => b.run_number - a.run_number)[0];
  if (last === undefined) throw new Error('no run was before this one');
  if (last.event !== 'push') throw new Error('the last run was started by hand');
  if (last.conclusion !== 'success') throw new Error(`the last run ended with ${last.conclusion}`);
  if (!/^[0-9a-f]{40,64}$/.test(last.head_sha)) throw new Error('the last run has no commit');
  return last.head_sha;
}
