export { type Dashboard, dashboard } from './dashboard.ts';
export type { AlertingRule, RecordingRule, RuleGroup } from './rule.ts';
export { type RuleFile, ruleFiles } from './rules.ts';
export { ipamTarget, routerTargets, type Target } from './targets.ts';
