import type { Awaited } from './plan.ts';

/** kubectl's view of one awaited object. */
export interface ObjectStatus {
  readonly name: string;
  readonly status: string;
  /** For a Job: it has failed for good. */
  readonly failed: boolean;
}

/** The columns that `seenIn` reads; small, while the objects themselves may be megabytes. */
export const columnsOf = ({ condition }: Awaited): string =>
  `custom-columns=${[
    'NAME:.metadata.name',
    `STATUS:.status.conditions[?(@.type=="${condition}")].status`,
    'FAILED:.status.conditions[?(@.type=="Failed")].status',
  ].join(',')}`;

/** A table of these columns, without a header. */
export const seenIn = (table: string): ObjectStatus[] =>
  table.split('\n').flatMap((line): ObjectStatus[] => {
    const [name, status = '', failed = ''] = line.trim().split(/\s+/);
    return name === undefined || name === '' ? [] : [{ name, status, failed: failed === 'True' }];
  });

/** Which of the awaited objects are not ready yet, in their order. */
export function missing({ names }: Awaited, statuses: readonly ObjectStatus[]): string[] {
  const there = new Set(statuses.filter(({ status }) => status === 'True').map(({ name }) => name));
  return names.filter((name) => !there.has(name));
}

/** Those that have failed for good. */
export const failedForGood = ({ names, resource }: Awaited, statuses: readonly ObjectStatus[]): string[] =>
  resource === 'job'
    ? statuses.filter(({ name, failed }) => failed && names.includes(name)).map(({ name }) => name)
    : [];

interface List<Item> {
  readonly items?: readonly Item[];
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface WithConditions {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** The bad conditions of TigeraStatus, APIServices and CRDs. */
export function conditionTrouble(list: List<WithConditions>): string[] {
  return (list.items ?? []).flatMap(({ metadata, status }) => {
    const conditions = status?.conditions ?? [];
    const degraded = conditions.filter(({ type, status }) => type === 'Degraded' && status === 'True');
    const progressing = conditions.filter(({ type, status }) => type === 'Progressing' && status === 'True');
    const lacking = conditions.filter(
      ({ type, status }) => ['Available', 'Established', 'NamesAccepted'].includes(type) && status !== 'True',
    );
    const explained =
      [degraded, progressing, lacking].find((some) => some.some(({ message }) => message)) ?? [];
    return explained.map(
      ({ type, status, message }) =>
        `${metadata.name}: ${status === 'True' ? type.toLowerCase() : `not ${type}`}: ${oneLine(message)}`,
    );
  });
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly image?: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly exitCode?: number };
  };
}

/** Pods that are not running, and why. */
export function podTrouble(list: List<Pod>): string[] {
  return (list.items ?? []).flatMap(({ metadata, spec, status = {} }) => {
    const { phase, conditions = [], initContainerStatuses = [], containerStatuses = [] } = status;
    if (phase === 'Succeeded') return [];
    const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
    if (unscheduled !== undefined) {
      return [`pod ${metadata.name}: not scheduled: ${oneLine(unscheduled.message)}`];
    }
    if (spec?.nodeName === undefined) return [`pod ${metadata.name}: not scheduled yet`];
    return [...initContainerStatuses, ...containerStatuses].flatMap(({ name, image, state }) => {
      const { waiting, terminated } = state ?? {};
      const ended = terminated?.exitCode !== undefined && terminated.exitCode !== 0 ? terminated : undefined;
      const reason = waiting?.reason ?? ended?.reason;
      if (reason === undefined || ['PodInitializing', 'ContainerCreating'].includes(reason)) return [];
      const about = waiting?.message ?? image;
      return [
        `pod ${metadata.name} on ${spec.nodeName}: ${name}: ${reason}${about ? `: ${oneLine(about)}` : ''}`,
      ];
    });
  });
}

interface Event {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
}

const NEWEST = 5;

/** The latest warnings of a namespace, without duplicates. */
export function eventTrouble(list: List<Event>): string[] {
  const warnings = (list.items ?? []).filter(({ type }) => type === 'Warning');
  const at = ({ lastTimestamp, eventTime }: Event) => lastTimestamp ?? eventTime ?? '';
  const newest = [...warnings]
    .sort((a, b) => (at(a) < at(b) ? 1 : -1))
    .map(({ reason = '', message, involvedObject: { kind = '', name = '' } = {} }) => {
      return `event ${kind.toLowerCase()}/${name}: ${reason}: ${oneLine(message)}`;
    });
  return [...new Set(newest)].slice(0, NEWEST);
}

/** A controller's message may contain a whole log. */
export function oneLine(text = ''): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
