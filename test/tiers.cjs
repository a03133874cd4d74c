const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const TESTS = __dirname;

/** What boots labs, or starts BIRD, sshd or promtool: a test that reaches one of these mostly waits, and needs what Debian has to install. */
const LIVE = [
  'lab/labs.ts',
  'delivery/bird.ts',
  'delivery/fleet/fleet.ts',
  'delivery/ssh/sshd.ts',
  'metrics/promtool.ts',
  'routers/bird.ts',
  'routers/daemons.ts',
];

/** Those that run commands of the README, of pages and of workflows, which do so. */
const RUNS_LIVE = [
  'docs/pages.test.ts',
  'docs/wireguard.test.ts',
  'lab/shared-machine.test.ts',
  'workflows/review-job.test.ts',
  'workflows/ship-job.test.ts',
];

/** What starts noencap, a process each time. */
const COMMANDS = ['cli/run.ts'];

/** What computes for long: by measuring, the third of the others that takes most of their time. */
const LONG = [
  'adopt/objects.test.ts',
  'analysis/pod-mtu.test.ts',
  'analysis/simulator/redundant.test.ts',
  'analysis/renamed.test.ts',
  'analysis/robustness.test.ts',
  'analysis/simulator/what-if.test.ts',
  'calico/node/simulator.test.ts',
  'charts/custom-resources.test.ts',
  'charts/imports.test.ts',
  'charts/node-labels.test.ts',
  'charts/robustness.test.ts',
  'charts/upstream.test.ts',
  'engines/guards.test.ts',
  'engines/mutations.test.ts',
  'engines/rules.test.ts',
  'live/bootstrap.test.ts',
  'nodes/install-script.test.ts',
  'repository/render.test.ts',
  'review/by-hand.test.ts',
  'review/calico.test.ts',
  'review/dangers.test.ts',
  'review/dyff.test.ts',
  'review/headline-everywhere.test.ts',
  'review/headline.test.ts',
  'review/markdown/markdown.test.ts',
  'review/review.test.ts',
  'review/way-out.test.ts',
  'topology/load.test.ts',
];

/**
 * The longest of the live ones, the longest first. A worker that takes one of these last keeps the others waiting for it. Of the rest jest
 * knows how long they took before, or their size.
 */
const LONGEST = [
  'delivery/script/faults.test.ts',
  'delivery/fleet/faults.test.ts',
  'lifecycle/lifecycle.test.ts',
  'lab/faults.test.ts',
  'scenarios/scenarios.test.ts',
  'review/forecast.test.ts',
  'delivery/ship.test.ts',
  'review/session-fates.test.ts',
  'cli/lab.test.ts',
  'workflows/review-job.test.ts',
  'review/between.test.ts',
  'delivery/rotation-lab.test.ts',
  'delivery/script/script.test.ts',
  'lab/built-wrong.test.ts',
  'lab/rehearse.test.ts',
  'delivery/script/space.test.ts',
  'delivery/ssh/talkative.test.ts',
  'lab/own-filters.test.ts',
  'lab/ways.test.ts',
  'lab/report.test.ts',
  'lab/ipv6.test.ts',
  'lab/borrowed.test.ts',
  'delivery/ssh/hanging.test.ts',
  'adopt/lab.test.ts',
  'docs/pages.test.ts',
  'delivery/script/session.test.ts',
  'analysis/simulator/oracle.test.ts',
];

/** The longest of those that compute, the longest first. One runs beside two that wait, so that no processor does. */
const HEAVIEST = [
  'cli/hostile.test.ts',
  'repository/render.test.ts',
  'cli/other-user.test.ts',
  'cli/bundle.test.ts',
  'workflows/plan-job.test.ts',
  'cli/ship.test.ts',
  'cli/hostile-files.test.ts',
  'workflows/comment-step.test.ts',
  'review/review.test.ts',
  'cli/synth.test.ts',
  'analysis/simulator/what-if.test.ts',
  'cli/comment.test.ts',
  'scripts/e2e-cluster.test.ts',
  'topology/load.test.ts',
  'cli/analysis.test.ts',
  'cli/diff.test.ts',
  'cli/bootstrap.test.ts',
  'adopt/robustness.test.ts',
];

/** All of them, in the order in which they are taken. */
const FIRST = [
  ...new Set([
    ...LONGEST.flatMap((file, at) => [
      file,
      ...(at % 2 === 1 ? HEAVIEST.slice((at - 1) / 2, (at + 1) / 2) : []),
    ]),
    ...HEAVIEST,
  ]),
];

/** Every file that is named here. */
const LISTED = [...LIVE, ...RUNS_LIVE, ...COMMANDS, ...LONG, ...FIRST];

/** The modules below `test/` that a file takes names from, types too. */
function imported(file) {
  const known = imports.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(TESTS, file), 'utf8');
  const found = [...text.matchAll(/(?:from|import\() ?'(\.[^']+\.ts)'/g)]
    .map(([, path]) => join(dirname(file), path))
    .filter((path) => !path.startsWith('..') && existsSync(join(TESTS, path)));
  imports.set(file, found);
  return found;
}

const imports = new Map();

function reaches(file, wanted, seen = new Set()) {
  if (wanted.includes(file)) return true;
  if (seen.has(file)) return false;
  seen.add(file);
  return imported(file).some((one) => reaches(one, wanted, seen));
}

const tests = () =>
  readdirSync(TESTS, { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .sort();

/** The tests that boot something, below `test/`. */
const live = () => tests().filter((file) => RUNS_LIVE.includes(file) || reaches(file, LIVE));

/** Those that run commands, or compute for long. */
const long = () => {
  const others = new Set(live());
  return tests().filter((file) => !others.has(file) && (LONG.includes(file) || reaches(file, COMMANDS)));
};

/** All others. */
const quick = () => {
  const others = new Set([...live(), ...long()]);
  return tests().filter((file) => !others.has(file));
};

module.exports = { FIRST, LISTED, live, long, quick };
