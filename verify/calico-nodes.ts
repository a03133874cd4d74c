import type { Fabric } from '../fabric/index.ts';
import type { ClusterLook, PodFacts } from './cluster-look.ts';
import { typed } from './typed.ts';
import { unreadVerdict } from './unread.ts';
import { asPromised, type Cause, different, type Subject, unknown, type Verdict } from './verdict.ts';

/** Milliseconds. What ended longer ago is over; BGP's graceful restart takes minutes. */
const RECENTLY = 3_600_000;

/** calico-node runs on each node and does not restart; nor does anything else of Calico. */
export function calicoNodeVerdicts(fabric: Fabric, look: ClusterLook): Verdict[] {
  const { pods, nodes } = look;
  const of = (name: string): Subject => ({ kind: 'node', name });
  if (!pods.ok)
    return fabric.nodes.map(({ name }) => unreadVerdict(fabric, look, pods.why, of(name), 'calico-node'));
  const there = nodes.ok ? new Set(nodes.value.map(({ name }) => name)) : undefined;
  const byNode = new Map<string | undefined, PodFacts[]>();
  for (const pod of pods.value.filter(({ app }) => app === 'calico-node'))
    byNode.set(pod.node, [...(byNode.get(pod.node) ?? []), pod]);
  const others = pods.value.filter(({ app, phase }) => app !== 'calico-node' && phase !== 'Succeeded');
  return [
    // A node that is missing has its own verdict.
    ...fabric.nodes
      .filter(({ name }) => there?.has(name) !== false)
      .map(({ name }) => {
        const own = byNode.get(name) ?? [];
        // During an update the old one may still be there.
        const pod = own.find(({ isReady }) => isReady) ?? own[0];
        if (pod !== undefined) return podVerdict(of(name), pod, look);
        return different({
          about: of(name),
          kind: 'calico-node-missing',
          expected: 'a pod calico-node',
          found: 'none',
          next: 'kubectl -n calico-system describe daemonset calico-node',
        });
      }),
    ...others
      .map((pod) => podVerdict({ kind: 'pod', name: pod.name }, pod, look))
      .filter(({ is }) => is === 'different'),
  ];
}

function podVerdict(about: Subject, pod: PodFacts, { clock }: ClusterLook): Verdict {
  const { name, restarts, ended, waiting, isReady, phase } = pod;
  const expected = 'Ready, not restarting';
  const times = `${restarts} restart${restarts === 1 ? '' : 's'}`;
  const previous = typed`kubectl -n calico-system logs ${name} --previous`;
  if (waiting?.reason === 'CrashLoopBackOff')
    return different({
      about,
      kind: 'calico-node-restarting',
      expected,
      found: `CrashLoopBackOff, ${times}`,
      cause: causeOf(pod),
      next: previous,
    });
  if (!isReady) {
    const found = waiting === undefined ? `${phase}, not Ready` : `${waiting.container}: ${waiting.reason}`;
    const said = waiting?.message;
    return different({
      about,
      kind: 'calico-node-not-ready',
      expected,
      found,
      cause: said ? { message: 'as kubelet says', evidence: [said] } : undefined,
      next: typed`kubectl -n calico-system describe pod ${name}`,
    });
  }
  if (restarts === 0 || ended === undefined)
    return asPromised({ about, kind: 'calico-node', expected, found: `Ready, ${times}` });
  const at = Date.parse(ended.at ?? '');
  if (clock === undefined || Number.isNaN(at)) {
    const cause = { message: 'it is not known when it last restarted', evidence: [times] };
    return unknown({ about, kind: 'calico-node', expected, found: `Ready, ${times}`, cause, next: previous });
  }
  return clock.now - at < RECENTLY
    ? different({
        about,
        kind: 'calico-node-restarting',
        expected,
        found: `${times}, the last within an hour`,
        cause: causeOf(pod),
        next: previous,
      })
    : asPromised({ about, kind: 'calico-node', expected, found: `Ready, ${times}, the last at ${ended.at}` });
}

function causeOf({ ended }: PodFacts): Cause | undefined {
  if (ended === undefined) return undefined;
  const { container, reason, code, at } = ended;
  const evidence = [
    `${container} ended: ${reason}, exit code ${code}${at === undefined ? '' : `, at ${at}`}`,
  ];
  return reason === 'OOMKilled'
    ? { message: 'the kernel killed it at its memory limit', evidence }
    : { message: `its container ${container} ended`, evidence };
}
