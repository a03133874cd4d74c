import {
  calicoNodeChanges,
  deliveredPassword,
  type Fabric,
  type NodeSpeaker,
  newNames,
  type RouterSpeaker,
  withNames,
} from '../fabric/index.ts';
import { type PerFamily, valuesOf } from '../topology/address.ts';
import { listed } from '../topology/suggest.ts';
import type { Configured } from './session-fates.ts';

/** Something that neither an engine nor `ship` does: people do it, at its place in the order. */
export interface ByHand {
  readonly when: 'before the merge' | 'after the merge' | 'after shipping';
  /** `run install.sh`. */
  readonly does: string;
  /** The machines, in the order in which it is done to them. */
  readonly on: readonly string[];
  readonly because: string;
}

/** What people must do, in order. */
export function byHand(earlier: Configured, after: Configured): ByHand[] {
  const names = newNames(earlier.fabric, after.fabric);
  const before = withNames(earlier.fabric, names);
  const change = {
    earlier,
    before,
    after,
    names,
    nodes: nodePairs(before, after.fabric),
    routers: routerPairs(before, after.fabric),
  };
  const isShipped = hasOtherRouterFiles(earlier.files, after.files);
  return [...BEFORE, ...AFTER_MERGE, ...AFTER_SHIPPING]
    .flatMap((rule) => rule(change))
    .filter(({ on }) => on.length > 0)
    .map((step) =>
      step.when === 'after shipping' && !isShipped ? { ...step, when: 'after the merge' } : step,
    );
}

const hasOtherRouterFiles = (before: Configured['files'], after: Configured['files']): boolean =>
  [...new Set([...before.keys(), ...after.keys()])].some(
    (path) => path.startsWith('routers/') && before.get(path) !== after.get(path),
  );

/** The machines that one line names; `--json` names all. */
const MOST_NAMED = 12;

/** A step as one line of text: `after shipping, at n1 and n2: run install.sh (...)`. */
export function byHandText({ when, does, on, because }: ByHand): string {
  const left = on.length - MOST_NAMED;
  const where = left > 0 ? `${on.slice(0, MOST_NAMED).join(', ')} and ${left} more` : listed(on, 'and');
  return `${when}, at ${where}: ${does} (${because})`;
}

interface Change {
  readonly earlier: Configured;
  /** The fabric before, its machines under the names that they have afterwards. */
  readonly before: Fabric;
  readonly after: Configured;
  readonly names: ReadonlyMap<string, string>;
  readonly nodes: Pairs<NodeSpeaker>;
  readonly routers: Pairs<RouterSpeaker>;
}

/** What is there before and after, what comes and what goes. */
interface Pairs<T> {
  readonly stay: readonly (readonly [was: T, is: T])[];
  readonly come: readonly T[];
  readonly go: readonly T[];
}

function pairs<T extends { readonly name: string }>(before: readonly T[], after: readonly T[]): Pairs<T> {
  const [were, are] = [before, after].map((all) => new Map(all.map((one) => [one.name, one]))) as [
    Map<string, T>,
    Map<string, T>,
  ];
  return {
    stay: after.flatMap((is): [T, T][] => {
      const was = were.get(is.name);
      return was === undefined ? [] : [[was, is]];
    }),
    come: after.filter(({ name }) => !were.has(name)),
    go: before.filter(({ name }) => !are.has(name)),
  };
}

const nodePairs = (before: Fabric, after: Fabric): Pairs<NodeSpeaker> => pairs(before.nodes, after.nodes);

/** A planned router runs nothing of noencap's yet. */
function routerPairs(before: Fabric, after: Fabric): Pairs<RouterSpeaker> {
  const live = ({ routers }: Fabric) => routers.filter(({ planned }) => !planned);
  return pairs(live(before), live(after));
}

type Rule = (change: Change) => ByHand[];

const nameOf = ({ name }: { readonly name: string }): string => name;
const texts = (addresses: PerFamily<{ readonly text: string }>): string[] =>
  valuesOf(addresses).map(({ text }) => text);
const isSame = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join();

/** Kubernetes knows it by its name and role: with another it leaves, and joins anew. */
const joinsAnew = ({ nodes, names }: Change): NodeSpeaker[] => {
  const renamed = new Set(names.values());
  return nodes.stay.filter(([was, is]) => was.role !== is.role || renamed.has(is.name)).map(([, is]) => is);
};

const readdressed = ({ nodes }: Change): NodeSpeaker[] =>
  nodes.stay.filter(([was, is]) => !isSame(texts(was.address), texts(is.address))).map(([, is]) => is);

const BEFORE: readonly Rule[] = [
  /** `ship` speaks to nobody whom it does not know. */
  ({ routers }) => [
    {
      when: 'before the merge',
      does: 'set up its account, and pin its host key in known_hosts',
      on: routers.come.map(nameOf),
      because: 'nothing was delivered there yet: docs/ship-access.md',
    },
    {
      when: 'before the merge',
      does: 'give its own bird.conf the constants and tables, and include "k3s/ibgp.conf" in it',
      on: routers.come.filter(({ bird }) => bird.mode === 'include').map(nameOf),
      because: 'noencap renders the sessions only',
    },
  ],
  /** The forced command of a restricted account has both fixed in it. */
  ({ routers }) => [
    {
      when: 'before the merge',
      does: 'set up its account again',
      on: routers.stay
        .filter(
          ([was, is]) =>
            was.bird.configDir !== is.bird.configDir || deliveredPassword(was) !== deliveredPassword(is),
        )
        .map(([, is]) => is.name),
      because: 'folder and password file are fixed in it: docs/ship-access.md',
    },
    {
      when: 'before the merge',
      does: 'call tables and constants in its own bird.conf as the topology does',
      on: routers.stay
        .filter(([was, is]) => is.bird.mode === 'include' && namesIn(was) !== namesIn(is))
        .map(([, is]) => is.name),
      because: 'noencap renders the sessions only',
    },
  ],
  ({ before, after }) => {
    const had = new Map(before.routers.map(({ name, password }) => [name, secretOf(password)]));
    const given = after.fabric.routers.filter(
      ({ name, password }) => password !== undefined && secretOf(password) !== had.get(name),
    );
    return [
      {
        when: 'before the merge',
        does: 'put the Secret of its password into the cluster',
        on: given.map(nameOf),
        because: 'Calico speaks without a password where there is none: docs/rotate-a-password.md',
      },
    ];
  },
  /** Beside the old address, which the neighbours know until they have the new one. */
  ({ routers }) =>
    routers.stay.flatMap(([was, is]): ByHand[] => {
      const more = addressesOf(is).filter((one) => !addressesOf(was).includes(one));
      return more.length === 0
        ? []
        : [
            {
              when: 'before the merge',
              does: `give it ${more.join(' and ')} beside what it has`,
              on: [is.name],
              because: 'noencap configures no interface',
            },
          ];
    }),
  ({ nodes }) =>
    nodes.stay
      .filter(([was, is]) => !is.igp && was.defaultRouter !== is.defaultRouter)
      .map(([, is]) => ({
        when: 'before the merge',
        does: `point its default route to ${is.defaultRouter}`,
        on: [is.name],
        because: 'noencap does not set it',
      })),
  (change) => links(change, (was, is) => is > was, 'before the merge'),
  (change) => [
    {
      when: 'before the merge',
      does: 'drain it',
      on: [
        ...oldNamesOf(change, joinsAnew(change)),
        ...readdressed(change).map(nameOf),
        ...change.nodes.go.map(nameOf),
      ].filter((name, index, all) => all.indexOf(name) === index),
      because: 'its pods lose their network',
    },
    {
      when: 'before the merge',
      does: 'take it out of the cluster: K3s off, then kubectl delete node',
      on: [...oldNamesOf(change, joinsAnew(change)), ...change.nodes.go.map(nameOf)],
      because: 'Kubernetes knows a node by its name and what it joined as: docs/remove-a-node.md',
    },
  ],
];

const AFTER_MERGE: readonly Rule[] = [
  ({ before, after, nodes }) => [
    {
      when: 'after the merge',
      does: 'wait until calico-node is another on every node, and ship nothing meanwhile',
      on: calicoNodeChanges(before, after.fabric).length === 0 ? [] : nodes.stay.map(([, is]) => is.name),
      because: 'the operator restarts it on one after the other, and its sessions with it',
    },
  ],
];

const AFTER_SHIPPING: readonly Rule[] = [
  ({ nodes }) =>
    nodes.stay.flatMap(([was, is]): ByHand[] => {
      const [had, has] = [addressesOf(was), addressesOf(is)];
      const [more, less] = [has.filter((one) => !had.includes(one)), had.filter((one) => !has.includes(one))];
      if (more.length + less.length === 0) return [];
      const does = [
        ...(more.length === 0 ? [] : [`give it ${more.join(' and ')}`]),
        ...(less.length === 0 ? [] : [`take ${less.join(' and ')} off`]),
      ].join(', ');
      return [{ when: 'after shipping', does, on: [is.name], because: 'noencap configures no interface' }];
    }),
  (change) => {
    const wanted = installs(change);
    const isNew = new Set([...change.nodes.come, ...joinsAnew(change)].map(nameOf));
    const of = (role: NodeSpeaker['role']) =>
      wanted.filter((node) => node.role === role && !isNew.has(node.name));
    const first = change.after.fabric.k3s.firstServer;
    const servers = [
      ...of('server').filter(({ name }) => name === first),
      ...of('server').filter(({ name }) => name !== first),
    ];
    const step = (nodes: readonly NodeSpeaker[], because: string): ByHand => ({
      when: 'after shipping',
      does:
        nodes.length > 1 && nodes[0]?.role === 'server'
          ? 'run install.sh, one server after the other'
          : 'run install.sh',
      on: nodes.map(nameOf),
      because,
    });
    const others = 'its own files are others: K3s starts anew with them, pods go on';
    return [
      step(servers, others),
      step(of('agent'), others),
      step(
        wanted.filter(({ name }) => isNew.has(name)),
        'it joins the cluster with it',
      ),
    ];
  },
  /** Nothing changes the interface of a pod that is there, or its address. */
  ({ before, after, nodes }) => {
    const retired = after.fabric.pods.pools.filter(
      ({ cidr, retiring }) =>
        retiring && before.pods.pools.some((pool) => pool.cidr.text === cidr.text && !pool.retiring),
    );
    const because = [
      ...(before.pods.mtu === after.fabric.pods.mtu ? [] : ['they keep the MTU that they were made with']),
      ...(retired.length === 0 ? [] : ['they keep addresses of a pool that retires']),
    ].join(', and ');
    const on = because === '' ? [] : nodes.stay.map(([, is]) => is.name);
    return [{ when: 'after shipping', does: 'start its pods anew, one node after the other', on, because }];
  },
  (change) => links(change, (was, is) => is < was, 'after shipping'),
  ({ routers }) =>
    routers.stay.flatMap(([was, is]): ByHand[] => {
      const less = addressesOf(was).filter((one) => !addressesOf(is).includes(one));
      return less.length === 0
        ? []
        : [
            {
              when: 'after shipping',
              does: `take ${less.join(' and ')} off`,
              on: [is.name],
              because: 'nobody speaks to it there any more',
            },
          ];
    }),
  ({ routers }) => [
    {
      when: 'after shipping',
      does: 'stop BIRD, or take its include of k3s/ibgp.conf out',
      on: routers.go.map(nameOf),
      because: 'ship speaks to the routers of the topology only: docs/replace-a-router.md',
    },
  ],
];

const oldNamesOf = ({ names }: Change, nodes: readonly NodeSpeaker[]): string[] => {
  const old = new Map([...names].map(([name, now]) => [now, name]));
  return nodes.map(({ name }) => old.get(name) ?? name);
};

const namesIn = ({ bird }: RouterSpeaker): string => JSON.stringify([bird.tables, bird.constants]);

const secretOf = (password: RouterSpeaker['password']): string =>
  password === undefined ? '' : `${password.secret.name}/${password.secret.key}`;

/** All of a machine's addresses, each once. */
function addressesOf(machine: RouterSpeaker | NodeSpeaker): string[] {
  const own = machine.kind === 'node' ? [machine.address] : [machine.nodeAddress, machine.backboneAddress];
  return [...new Set([...own, ...machine.attachments.map(({ address }) => address)].flatMap(texts))];
}

/** Nodes whose files are others. What the first server applies until an engine does is none of them. */
function installs({ earlier, before, after, nodes, names }: Change): NodeSpeaker[] {
  const old = new Map([...names].map(([name, now]) => [now, name]));
  const isOfK3s = (path: string) => /^(config\.yaml|registries\.yaml|sysctl\.d\/.+)$/.test(path);
  const [were, are] = [earlier, after].map(({ files }) => filesByNode(files, isOfK3s)) as [
    ReturnType<typeof filesByNode>,
    ReturnType<typeof filesByNode>,
  ];
  const isOther = (name: string): boolean => were.get(old.get(name) ?? name) !== are.get(name);
  const isOtherK3s = before.k3s.version !== after.fabric.k3s.version;
  const stay = nodes.stay.map(([, is]) => is).filter(({ name }) => isOtherK3s || isOther(name));
  const wanted = new Set([...nodes.come, ...stay].map(nameOf));
  return after.fabric.nodes.filter(({ name }) => wanted.has(name));
}

/** Of each node the texts of those of its files that count, as one. */
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

/** Segments whose MTU is another: it is a fact about interfaces, which somebody sets. */
function links(
  { before, after }: Change,
  isMeant: (was: number, is: number) => boolean,
  when: ByHand['when'],
): ByHand[] {
  const had = new Map((before.segments ?? []).map(({ name, mtu }) => [name, mtu]));
  return (after.fabric.segments ?? []).flatMap(({ name, mtu, members }): ByHand[] => {
    const was = had.get(name);
    if (was === undefined || !isMeant(was, mtu)) return [];
    return [
      {
        when,
        does: `set the MTU of its interface on ${name} to ${mtu}`,
        on: members.map(({ machine }) => machine),
        because: 'noencap configures no interface',
      },
    ];
  });
}
