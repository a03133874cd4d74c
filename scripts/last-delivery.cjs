// Prints the commit that the run of routers.yml before this one delivered to every router, or nothing where no run says so: it failed, was
// cancelled, was started by hand (for one router, perhaps), or GitHub does not answer. Then all routers are looked at.
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
  // Newest first. More than a page of runs that are newer than this one, nobody has.
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
