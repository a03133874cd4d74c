import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RuleFile } from '../../metrics/index.ts';
import type { Series } from './samples.ts';

/** Prometheus' own judgement: Debian's package `prometheus`, which scripts/setup-tests.sh installs. */
function promtool(folder: string, ...args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return status === 0 ? '' : `${stdout}${stderr}`;
}

function withRules<T>(files: readonly RuleFile[], use: (folder: string, names: readonly string[]) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-rules-'));
  try {
    const names = files.map(({ name, groups }) => {
      writeFileSync(join(folder, `${name}.yaml`), stringify({ groups }));
      return `${name}.yaml`;
    });
    return use(folder, names);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What `promtool check rules` objects to. */
export const objections = (files: readonly RuleFile[]): string =>
  withRules(files, (folder, names) =>
    promtool(folder, 'check', 'rules', '--lint=all', '--lint-fatal', ...names),
  );

/** An alert as it fires. */
export interface Firing {
  readonly exp_labels: Readonly<Record<string, string>>;
  readonly exp_annotations: Readonly<Record<string, string>>;
}

export interface RuleTest {
  readonly series: readonly Series[];
  /** By alert, at a time such as `10m`, exactly what fires. */
  readonly alerts?: readonly { eval_time: string; alertname: string; exp_alerts: readonly Firing[] }[];
  /** By expression, exactly its samples. */
  readonly samples?: readonly {
    expr: string;
    eval_time: string;
    exp_samples: readonly { labels: string; value: number }[];
  }[];
}

/** What `promtool test rules` finds different. */
export const differences = (
  files: readonly RuleFile[],
  { series, alerts = [], samples = [] }: RuleTest,
): string =>
  withRules(files, (folder, names) => {
    const test = { interval: '1m', input_series: series, alert_rule_test: alerts, promql_expr_test: samples };
    // A time for each evaluation: several groups of constants come before those that read them.
    writeFileSync(
      join(folder, 'test.yaml'),
      stringify({ rule_files: names, evaluation_interval: '1m', tests: [test] }),
    );
    return promtool(folder, 'test', 'rules', 'test.yaml');
  });
