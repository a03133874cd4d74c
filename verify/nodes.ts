import { detectedAddresses, type Fabric, type NodeSpeaker } from '../fabric/index.ts';
import { type Family, parseAddress } from '../topology/address.ts';
import type { ClusterLook, NodeFacts } from './cluster-look.ts';
import { typed } from './typed.ts';
import { unreadVerdict } from './unread.ts';
import { asPromised, different, type Verdict, type VerdictKind } from './verdict.ts';

const PROMISES: readonly VerdictKind[] = ['node', 'node-label', 'node-address', 'node-as'];

/** Each node of the topology is in the cluster and Ready, has its region's label, and the address and AS number that routers know. */
export function nodeVerdicts(fabric: Fabric, look: ClusterLook): Verdict[] {
  const { nodes } = look;
  if (!nodes.ok) {
    return fabric.nodes.flatMap(({ name }) =>
      PROMISES.map((kind) => unreadVerdict(fabric, look, nodes.why, { kind: 'node', name }, kind)),
    );
  }
  const there = new Map(nodes.value.map((node) => [node.name, node]));
  const ours = new Set(fabric.nodes.map(({ name }) => name));
  const picks = picksOf(fabric);
  return [
    ...fabric.nodes.flatMap((node) => {
      const facts = there.get(node.name);
      return facts === undefined
        ? missing(node)
        : [
            readiness(facts),
            label(fabric, node, facts),
            ...fabric.pods.families.flatMap((family) => address(fabric, node, facts, family, look, picks)),
            ...asNumber(fabric, facts),
          ];
    }),
    ...nodes.value.filter(({ name }) => !ours.has(name)).map(unexpected),
  ];
}

const of = (name: string) => ({ kind: 'node', name }) as const;

const missing = ({ name, role }: NodeSpeaker): Verdict =>
  different({
    about: of(name),
    kind: 'node-missing',
    expected: `a K3s ${role}`,
    found: 'no Node of that name',
    next: `ssh ${name} systemctl status ${role === 'server' ? 'k3s' : 'k3s-agent'}`,
  });

/** It has no region label that noencap sets, so no reflector. */
const unexpected = ({ name }: NodeFacts): Verdict =>
  different({
    about: of(name),
    kind: 'node-not-in-topology',
    expected: 'no such node',
    found: 'a Node',
    next: typed`kubectl get node ${name} --show-labels`,
  });

function readiness({ name, ready }: NodeFacts): Verdict {
  const about = of(name);
  if (ready?.status === 'True') return asPromised({ about, kind: 'node', expected: 'Ready', found: 'Ready' });
  const evidence = ready === undefined ? [] : [`${ready.reason}: ${ready.message}`];
  return different({
    about,
    kind: 'node-not-ready',
    expected: 'Ready',
    found: ready === undefined ? 'no condition Ready' : `Ready is ${ready.status}`,
    cause: ready && causeOf(ready.reason, ready.message, evidence),
    next: typed`kubectl describe node ${name}`,
  });
}

/** Kubernetes' node controller and kubelet say which of the two it is. */
function causeOf(reason: string, message: string, evidence: readonly string[]) {
  if (reason === 'NodeStatusUnknown')
    return { message: 'the machine is down, its kubelet is, or its way to the API server', evidence };
  if (/cni plugin not initialized|NetworkPluginNotReady/i.test(message))
    return { message: 'calico-node has not set up the pod network there', evidence };
  return evidence.length === 0 ? undefined : { message: 'as kubelet says', evidence };
}

function label(
  { regionLabel, regions }: Fabric,
  { name, region }: NodeSpeaker,
  { labels }: NodeFacts,
): Verdict {
  const [about, value] = [of(name), Object.hasOwn(labels, regionLabel) ? labels[regionLabel] : undefined];
  const expected = `${regionLabel}=${region}`;
  if (value === region) return asPromised({ about, kind: 'node-label', expected, found: expected });
  const reflectors = regions.find((one) => one.name === region)?.routers.map((router) => router.name) ?? [];
  const written = value === undefined ? undefined : `${regionLabel}=${value}`;
  return different({
    about,
    kind: 'node-unlabelled',
    expected,
    found: written ?? `no label ${regionLabel}`,
    cause: {
      message: `the BGPPeers of its region do not select it: it has no session with ${reflectors.join(', ')} by them`,
      evidence: [written ?? `its labels are ${Object.keys(labels).sort().join(', ') || 'none'}`],
    },
    next: `kubectl label node ${name} ${value === undefined ? '' : '--overwrite '}${expected}`,
  });
}

/** By node and family, whether Calico's detection may pick an address, as a lab and a forecast do it. */
type Picks = (node: string, family: Family, address: string) => boolean;

function picksOf(fabric: Fabric): Picks {
  const detected = new Map(detectedAddresses(fabric).map((one) => [`${one.node.name} ${one.family}`, one]));
  return (node, family, address) =>
    detected.get(`${node} ${family}`)?.may.some(({ text }) => text === address) ?? false;
}

function address(
  { calico }: Fabric,
  node: NodeSpeaker,
  facts: NodeFacts,
  family: Family,
  look: ClusterLook,
  picks: Picks,
): Verdict[] {
  const expected = node.address[family]?.text;
  if (expected === undefined) return [];
  const about = of(node.name);
  const annotation = `projectcalico.org/${family === 'ipv4' ? 'IPv4' : 'IPv6'}Address`;
  const written = facts.calico[family];
  const found = written === undefined ? undefined : canonical(written.split('/')[0] ?? '');
  const pod = look.pods.ok
    ? look.pods.value.find((one) => one.app === 'calico-node' && one.node === node.name)?.name
    : undefined;
  const logs = pod === undefined ? undefined : typed`kubectl -n calico-system logs ${pod} -c calico-node`;
  const picked =
    found === expected
      ? asPromised({ about, kind: 'node-address', expected, found })
      : different({
          about,
          kind: 'address-picked',
          expected,
          found: found ?? 'none: calico-node has not written any',
          cause:
            found !== undefined && written !== undefined && picks(node.name, family, found)
              ? {
                  message: `calico.nodeAddress is ${calico.nodeAddress.method}, which may pick this one`,
                  evidence: [`${annotation}: ${written}`],
                }
              : undefined,
          next: logs ?? `kubectl get node ${node.name} -o yaml`,
        });
  return [picked, ...internalAddress(facts, expected, family)];
}

/** The node-ip of K3s, which noencap writes. */
function internalAddress({ name, internalIPs }: NodeFacts, expected: string, family: Family): Verdict[] {
  const found = internalIPs.flatMap((one) => parseAddress(one) ?? []).filter((one) => one.family === family);
  if (found.some(({ text }) => text === expected)) return [];
  return [
    different({
      about: of(name),
      kind: 'internal-address-wrong',
      expected,
      found: found.map(({ text }) => text).join(', ') || 'none',
      next: `ssh ${name} grep node-ip /etc/rancher/k3s/config.yaml`,
    }),
  ];
}

const canonical = (text: string): string => parseAddress(text)?.text ?? text;

/** An annotation takes precedence over the BGPConfiguration, and a cluster ID takes the node out of the mesh. */
function asNumber({ bgp }: Fabric, { name, calico }: NodeFacts): Verdict[] {
  const about = of(name);
  const own = calico.asNumber;
  const reflects = calico.clusterId;
  const expected = `AS ${bgp.asNumber}`;
  const isWrong = own !== undefined && own !== String(bgp.asNumber);
  if (!isWrong && reflects === undefined)
    return [asPromised({ about, kind: 'node-as', expected, found: expected })];
  const annotated = (field: string, value: string, found: string, message: string): Verdict =>
    different({
      about,
      kind: 'as-wrong',
      expected,
      found,
      cause: { message, evidence: [`projectcalico.org/${field}: ${value}`] },
      next: typed`kubectl annotate node ${name} projectcalico.org/${field}-`,
    });
  return [
    ...(isWrong && own !== undefined
      ? [annotated('ASNumber', own, `AS ${own}`, 'an annotation of the Node gives it another AS number')]
      : []),
    ...(reflects === undefined
      ? []
      : [
          annotated(
            'RouteReflectorClusterID',
            reflects,
            `a route reflector of cluster ${reflects}`,
            'an annotation of the Node makes it a route reflector, which takes it out of the mesh',
          ),
        ]),
  ];
}
