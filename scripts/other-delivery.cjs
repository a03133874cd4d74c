// Exits with 1 while a run of routers.yml that a push started is at work or waiting: a manual run gives way to it. Also if GitHub does
// not answer, since there may be such a run.
'use strict';

const { runsOf } = require('./workflow-runs.cjs');

// Queried by state: a run that waits for its approval may be older than a hundred later ones.
const ACTIVE = ['in_progress', 'waiting', 'queued', 'pending', 'requested'];

main().then(
  (run) => {
    if (run === undefined) return;
    console.error(
      `::error title=A delivery is at work::Run ${run.run_number} of main is ${run.status}. Wait until it has ended, or reject or cancel it, then run this again.`,
    );
    process.exitCode = 1;
  },
  (error) => {
    console.error(
      `::error title=Not known whether a delivery is at work::${String(error.message).replace(/\s+/g, ' ')}`,
    );
    process.exitCode = 1;
  },
);

async function main() {
  for (const status of ACTIVE) {
    const run = await firstRun(status);
    if (run !== undefined) return run;
  }
}

async function firstRun(asked) {
  const runs = await runsOf(
    'routers.yml',
    `branch=main&event=push&status=${asked}&exclude_pull_requests=true`,
  );
  const found = runs.find(({ event, status }) => event === 'push' && status !== 'completed');
  return (
    found && { run_number: Number(found.run_number), status: String(found.status).replace(/[^a-z_]/g, '') }
  );
}
