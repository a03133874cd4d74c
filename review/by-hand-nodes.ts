import { calicoNodeChanges, type NodeSpeaker } from '../fabric/index.ts';
import { valuesOf } from '../topology/address.ts';
import { type ByHand, type Change, nameOf, type Rule } from './by-hand-change.ts';

export const rerouted: Rule = ({ nodes }) =>
  nodes.stay
    .filter(([was, is]) => !is.igp && (was.igp || was.defaultRouter !== is.defaultRouter))
    .map(([, is]) => ({
      when: 'before the merge',
      action: `point its default route at ${is.defaultRouter}`,
      machines: [is.name],
      reason: 'noencap does not set it',
    }));

/** The routers must not learn its routes from itself. */
export const withoutIgp: Rule = ({ nodes }) => [
  {
    when: 'after shipping',
    action: 'stop OSPF on it',
    machines: nodes.stay.filter(([was, is]) => was.igp && !is.igp).map(([, is]) => is.name),
    reason: 'the topology no longer runs the IGP on it',
  },
];

/** The pods of a node that leaves or changes its address are cut off. */
export const leaving: Rule = (change) => [
  {
    when: 'before the merge',
    action: 'drain it',
    machines: [
      ...new Set([
        ...oldNamesOf(change, joinsAnew(change)),
        ...readdressed(change).map(nameOf),
        ...change.nodes.go.map(nameOf),
      ]),
    ],
    reason: 'its pods lose their network',
  },
  {
    when: 'before the merge',
    action: 'remove it from the cluster: stop K3s, then kubectl delete node',
    machines: [...oldNamesOf(change, joinsAnew(change)), ...change.nodes.go.map(nameOf)],
    reason: 'Kubernetes identifies a node by its name and the role it joined with: docs/remove-a-node.md',
  },
];

export const calicoNodeAwaited: Rule = ({ before, after, nodes }) => [
  {
    when: 'after the merge',
    action: 'wait until calico-node is replaced on every node, and ship nothing until then',
    machines: calicoNodeChanges(before, after.fabric).length === 0 ? [] : nodes.stay.map(([, is]) => is.name),
    reason: 'the operator restarts it node by node, and its sessions with it',
  },
];

/** The first server before the others, servers before agents: they join it. */
export const installed: Rule = (change) => {
  const wanted = installs(change);
  const isNew = new Set([...change.nodes.come, ...joinsAnew(change)].map(nameOf));
  const of = (role: NodeSpeaker['role']) =>
    wanted.filter((node) => node.role === role && !isNew.has(node.name));
  const first = change.after.fabric.k3s.firstServer;
  const servers = [
    ...of('server').filter(({ name }) => name === first),
    ...of('server').filter(({ name }) => name !== first),
  ];
  const step = (nodes: readonly NodeSpeaker[], reason: string): ByHand => ({
    when: 'after shipping',
    action:
      nodes.length > 1 && nodes[0]?.role === 'server'
        ? 'run install.sh, one server after the other'
        : 'run install.sh',
    machines: nodes.map(nameOf),
    reason,
  });
  const others = 'its own files change: K3s restarts with them, pods keep running';
  return [
    step(servers, others),
    step(of('agent'), others),
    step(
      wanted.filter(({ name }) => isNew.has(name)),
      'this joins it to the cluster',
    ),
  ];
};

/** Nothing changes the interface or address of a running pod. */
export const podsAnew: Rule = ({ before, after, nodes }) => {
  const retired = after.fabric.pods.pools.filter(
    ({ cidr, retiring }) =>
      retiring && before.pods.pools.some((pool) => pool.cidr.text === cidr.text && !pool.retiring),
  );
  const reason = [
    ...(before.pods.mtu === after.fabric.pods.mtu ? [] : ['they keep the MTU they were created with']),
    ...(retired.length === 0 ? [] : ['they keep addresses of a retiring pool']),
  ].join(', and ');
  const machines = reason === '' ? [] : nodes.stay.map(([, is]) => is.name);
  return [{ when: 'after shipping', action: 'restart its pods, node by node', machines, reason }];
};

/** Kubernetes identifies it by name and role: if either changes, it leaves and rejoins. */
const joinsAnew = ({ nodes, names }: Change): NodeSpeaker[] => {
  const renamed = new Set(names.values());
  return nodes.stay.filter(([was, is]) => was.role !== is.role || renamed.has(is.name)).map(([, is]) => is);
};

const readdressed = ({ nodes }: Change): NodeSpeaker[] =>
  nodes.stay.filter(([was, is]) => textOf(was) !== textOf(is)).map(([, is]) => is);

const textOf = ({ address }: NodeSpeaker): string =>
  valuesOf(address)
    .map(({ text }) => text)
    .join();

const oldNamesOf = ({ names }: Change, nodes: readonly NodeSpeaker[]): string[] => {
  const old = new Map([...names].map(([name, now]) => [now, name]));
  return nodes.map(({ name }) => old.get(name) ?? name);
};

/** Nodes whose files change, except what the first server applies before an engine runs. */
function installs({ earlier, before, after, nodes, names }: Change): NodeSpeaker[] {
  const old = new Map([...names].map(([name, now]) => [now, name]));
  const isOfK3s = (path: string) => /^(config\.yaml|registries\.yaml|sysctl\.d\/.+)$/.test(path);
  const [filesBefore, filesAfter] = [earlier, after].map(({ files }) => filesByNode(files, isOfK3s)) as [
    ReturnType<typeof filesByNode>,
    ReturnType<typeof filesByNode>,
  ];
  const isOther = (name: string): boolean => filesBefore.get(old.get(name) ?? name) !== filesAfter.get(name);
  const isOtherK3s = before.k3s.version !== after.fabric.k3s.version;
  const stay = nodes.stay.map(([, is]) => is).filter(({ name }) => isOtherK3s || isOther(name));
  const wanted = new Set([...nodes.come, ...stay].map(nameOf));
  return after.fabric.nodes.filter(({ name }) => wanted.has(name));
}

/** For each node the texts of its relevant files, as one. */
function filesByNode(
  files: ReadonlyMap<string, string>,
  counts: (path: string) => boolean,
): ReadonlyMap<string, string> {
  const found = new Map<string, string[]>();
  for (const [path, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [folder, node = '', ...rest] = path.split('/');
    if (folder !== 'nodes' || !counts(rest.join('/'))) continue;
    found.set(node, [...(found.get(node) ?? []), rest.join('/'), text]);
  }
  return new Map([...found].map(([node, all]) => [node, JSON.stringify(all)]));
}
