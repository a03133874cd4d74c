import type { FieldSet } from '../bootstrap/ownership.ts';
import type { Fabric } from '../fabric/index.ts';
import { isMap, joined, ownValue } from '../review/fields.ts';
import type { Owner } from './document.ts';
import type { LiveObject, ManagedEntry } from './live-object.ts';
import { itemKeys, kindOfManager, ownerOf } from './owners.ts';

/** A field that the cluster has, and git does not set. */
export interface ExtraField {
  readonly path: string;
  readonly value: unknown;
  readonly by: Owner;
}

/**
 * Fields that git does not set and that somebody wrote who is no operator or controller: Kubernetes' record of writers tells them from
 * defaults. What the engine itself wrote, git has had; its marks are annotations and labels.
 */
export function extraFields(
  fabric: Pick<Fabric, 'gitops'>,
  git: Readonly<Record<string, unknown>>,
  { value, managed }: Pick<LiveObject, 'value' | 'managed'>,
): ExtraField[] {
  const found = new Map<string, ExtraField>();
  for (const entry of managed) {
    for (const { path, value: extra } of extrasOf(entry, git, value)) {
      const by = ownerOf(fabric, entry);
      if (isMetadata(path) && by.is !== 'person') continue;
      found.set(path, { path, value: extra, by });
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));

  function extrasOf(entry: ManagedEntry, ours: unknown, theirs: unknown) {
    const kind = kindOfManager(fabric, entry.manager);
    if (kind === 'operator' || kind === 'controller' || (kind === 'engine' && !entry.isApplied)) return [];
    return below(entry.fields, '', ours, theirs).filter(({ path, value }) => !isUsual(path, value));
  }
}

interface Extra {
  readonly path: string;
  readonly value: unknown;
}

function below(set: FieldSet, path: string, ours: unknown, theirs: unknown): Extra[] {
  const keys = Object.keys(set).filter((key) => key !== '.');
  if (keys.length === 0) return theirs === undefined || ours !== undefined ? [] : [{ path, value: theirs }];
  return keys.flatMap((key): Extra[] => {
    if (key.startsWith('f:') && isMap(theirs)) {
      const name = key.slice(2);
      const next = isMap(ours) ? ownValue(ours, name) : undefined;
      return below(set[key] ?? {}, joined(path, name), next, ownValue(theirs, name));
    }
    const named = itemKeys(key);
    if (named === undefined || !Array.isArray(theirs)) return [];
    const isIt = (one: unknown) =>
      isMap(one) && Object.entries(named).every(([field, value]) => ownValue(one, field) === value);
    const own = Array.isArray(ours) ? ours.find(isIt) : undefined;
    // Of a list that git sets, each item is compared anyway.
    if (Array.isArray(ours) && own === undefined) return [];
    const text = Object.entries(named).map(([field, value]) => `${field}=${String(value)}`);
    return below(set[key] ?? {}, `${path}[${text.join(',')}]`, own, theirs.find(isIt));
  });
}

const isMetadata = (path: string): boolean => path.startsWith('metadata.');

/** What kubectl notes about itself, what Kubernetes writes in the name of whoever creates an object, and its defaults. */
function isUsual(path: string, value: unknown): boolean {
  if (/^(apiVersion|kind|status)($|\.)/.test(path)) return true;
  if (isMetadata(path) && !/^metadata\.(annotations|labels)\./.test(path)) return true;
  if (
    /kubectl\.kubernetes\.io\/|kubernetes\.io\/metadata\.name|^metadata\.annotations\."projectcalico\.org\/metadata"/.test(
      path,
    )
  )
    return true;
  const name = path.split('.').at(-1) ?? '';
  return (
    Object.hasOwn(DEFAULTS, name) &&
    DEFAULTS[name]?.some((one) => JSON.stringify(one) === JSON.stringify(value)) === true
  );
}

/**
 * Defaults of the API server (k8s.io/kubernetes, pkg/apis, SetDefaults_*) and of Calico: whoever creates an object without server-side
 * apply owns them.
 */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  allowedUses: [['Workload', 'Tunnel']],
  apiGroup: ['', 'rbac.authorization.k8s.io'],
  apiVersion: ['v1'],
  assignmentMode: ['Automatic'],
  backoffLimit: [6],
  completionMode: ['NonIndexed'],
  completions: [1],
  concurrencyPolicy: ['Allow'],
  dnsPolicy: ['ClusterFirst'],
  failedJobsHistoryLimit: [1],
  failureThreshold: [3],
  imagePullPolicy: ['IfNotPresent', 'Always'],
  logSeverityScreen: ['Info'],
  manualSelector: [false],
  maxSurge: ['25%'],
  maxUnavailable: ['25%'],
  parallelism: [1],
  periodSeconds: [10],
  podReplacementPolicy: ['TerminatingOrFailed'],
  procMount: ['Default'],
  progressDeadlineSeconds: [600],
  protocol: ['TCP'],
  replicas: [1],
  restartPolicy: ['Always'],
  revisionHistoryLimit: [10],
  schedulerName: ['default-scheduler'],
  securityContext: [{}],
  serviceAccount: ['tigera-operator', 'node-labels'],
  strategy: [{ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } }],
  successThreshold: [1],
  successfulJobsHistoryLimit: [3],
  suspend: [false],
  terminationGracePeriodSeconds: [30],
  terminationMessagePath: ['/dev/termination-log'],
  terminationMessagePolicy: ['File'],
  timeoutSeconds: [1],
  type: ['', 'RollingUpdate'],
};
