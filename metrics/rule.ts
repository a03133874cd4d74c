/** A rule of Prometheus that records a series. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A rule of Prometheus that alerts. Its annotations are Go templates. */
export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<'summary' | 'description' | 'next', string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** A selector of series of this fabric: two fabrics may share one Prometheus. */
export const select = (
  series: string,
  fabric: { readonly name: string },
  ...more: readonly string[]
): string => `${series}{${[`fabric="${fabric.name}"`, ...more].join(',')}}`;
