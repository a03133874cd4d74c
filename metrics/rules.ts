import type { Fabric } from '../fabric/index.ts';
import { alerts } from './alerts.ts';
import { expectedRules } from './expected.ts';
import type { RecordingRule, RuleGroup } from './rule.ts';
import { stateRules } from './state.ts';

/** One file of rules, and the name of its object. */
export interface RuleFile {
  readonly name: string;
  readonly groups: readonly RuleGroup[];
}

/**
 * The Prometheus Operator refuses a PrometheusRule whose rules exceed half a MiB, the half of what a ConfigMap holds (maxConfigMapDataSize). A
 * rule takes up to 330 bytes with the longest names.
 */
const RULES_PER_FILE = 1000;

/** All rules. Constants are split by router, so that a new node changes the files of its routers only. */
export function ruleFiles(fabric: Fabric): RuleFile[] {
  const constants = new Map<string, RecordingRule[]>();
  for (const rule of expectedRules(fabric)) {
    const { router, name } = rule.labels ?? {};
    const file = name === undefined ? 'noencap-topology' : `noencap-sessions-${router}`;
    const rules = constants.get(file);
    if (rules === undefined) constants.set(file, [rule]);
    else rules.push(rule);
  }
  return [
    {
      name: 'noencap',
      groups: [
        { name: 'noencap-state', rules: stateRules(fabric) },
        { name: 'noencap-alerts', rules: alerts(fabric) },
      ],
    },
    ...[...constants].flatMap(([name, rules]) => parts(name, rules)),
  ];
}

/** No router's name contains a dot. */
function parts(name: string, rules: readonly RecordingRule[]): RuleFile[] {
  const files: RuleFile[] = [];
  for (let start = 0; start < rules.length; start += RULES_PER_FILE) {
    const part = start === 0 ? name : `${name}.${start / RULES_PER_FILE + 1}`;
    files.push({ name: part, groups: [{ name: part, rules: rules.slice(start, start + RULES_PER_FILE) }] });
  }
  return files;
}
