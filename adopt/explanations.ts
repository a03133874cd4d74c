import { isInstallationDefault } from '../calico/defaults.ts';
import type { FieldChange } from '../review/fields.ts';

/** Why the rendered network differs from today's, and what that does to the running network. */
export interface Explanation {
  readonly id: string;
  readonly message: string;
}

/** Changes of an object's fields, and why they are right. The first rule that fits applies. */
interface FieldRule extends Explanation {
  readonly kinds: readonly string[];
  readonly fits: (change: FieldChange) => boolean;
}

const OPERATOR_KINDS = [
  'Namespace',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'RoleBinding',
  'Deployment',
  'CustomResourceDefinition',
];

const isKeep = ({ path }: FieldChange): boolean =>
  /^metadata\.annotations(\."(argocd\.argoproj\.io\/sync-options|kustomize\.toolkit\.fluxcd\.io\/prune)")?$/.test(
    path,
  );

export const FIELD_RULES: readonly FieldRule[] = [
  {
    id: 'guards',
    message:
      'tells the engines how to apply it, and whether they may ever remove it; no running component reads it',
    kinds: ['Installation', 'APIServer', 'BGPConfiguration', 'BGPFilter', 'BGPPeer', ...OPERATOR_KINDS],
    fits: isKeep,
  },
  {
    id: 'default-written',
    message: "the operator's default, written out so that it has nothing to write back",
    kinds: ['Installation'],
    fits: ({ path, before, after }) => before === undefined && isInstallationDefault(path, after),
  },
  {
    id: 'registry-slash',
    message: 'the operator adds the slash itself',
    kinds: ['Installation'],
    fits: ({ path, before, after }) =>
      path === 'spec.registry' && typeof before === 'string' && `${before}/` === after,
  },
  {
    id: 'log-severity',
    message: 'how much BIRD logs on the nodes; no session is affected',
    kinds: ['BGPConfiguration'],
    fits: ({ path }) => path === 'spec.logSeverityScreen',
  },
  {
    id: 'calico-default',
    message: "Calico's default, written out",
    kinds: ['BGPConfiguration'],
    fits: ({ path, before, after }) =>
      before === undefined &&
      ((path === 'spec.asNumber' && after === 64512) ||
        (path === 'spec.nodeToNodeMeshEnabled' && after === true)),
  },
  {
    id: 'operator-image',
    message: "the operator's image comes from this registry too: the operator restarts, calico-node does not",
    kinds: ['Deployment'],
    fits: ({ path }) => path.endsWith('.image'),
  },
  {
    id: 'operator-manifest',
    message: "the operator as in Calico's own manifest of that version; calico-node is not affected",
    kinds: OPERATOR_KINDS,
    fits: () => true,
  },
];

/** Why an object is added that does not exist today. */
export const COMES = {
  operator: {
    id: 'operator-manifest',
    message: "the operator as in Calico's own manifest of that version; existing objects are taken over",
  },
  labels: {
    id: 'labels-by-job',
    message: 'sets the region label of each node, now from git instead of by kubectl label',
  },
  configuration: { id: 'calico-default', message: 'writes out what Calico does without it' },
  apiServer: {
    id: 'api-server',
    message:
      "starts Calico's own API server: the operator changes pools only through it, and no running component depends on it",
  },
  peer: (name: string): Explanation => ({
    id: 'peer-renamed',
    message: `creates the same sessions as ${name}; Calico creates one session per node and address from the two`,
  }),
  widePeer: (name: string): Explanation => ({
    id: 'peer-of-region',
    message: `creates the same sessions as ${name}, for the nodes that have the label; Calico creates one session per node and address from the two`,
  }),
  password: {
    id: 'password-access',
    message: 'lets calico-node read the Secret, which the operator does not allow',
  },
} as const;

/** Why an object stays that noencap does not render. */
export const STAYS = {
  peer: (name: string): Explanation => ({
    id: 'peer-renamed',
    message: `${name} creates the same sessions: delete this one once that one exists`,
  }),
  widePeer: (name: string): Explanation => ({
    id: 'peer-of-region',
    message: `${name} creates the same sessions once all nodes have the label. Delete this one only then`,
  }),
  globalPeer: {
    id: 'global-peer',
    message:
      'it has no selector: Calico names its sessions Global_ and those of a region Node_, so each session resets once when you delete it. Until then none does',
  },
  other: (why: string): Explanation => ({
    id: 'left-alone',
    message: `${why}; noencap does not remove what it did not create`,
  }),
} as const;

/** Settings of individual nodes. */
export const NODES = {
  reflector: {
    id: 'left-alone',
    message:
      'the node stays a route reflector, and its sessions with other nodes stay as they are; check, lab and diff do not cover it',
  },
} as const;

/** Why fields stay that noencap does not render. */
export const LEFT_ALONE: Explanation = {
  id: 'left-alone',
  message: 'a topology cannot express it; server-side apply leaves fields that it does not set',
};

/** Why a filter differs: explained only if it treats every relevant route the same, or additionally accepts harmless ones. */
export const FILTERS = {
  blocks: {
    id: 'guard',
    message: 'rewritten: blocks of the pools pass, as today. Routes are sent again, none is withdrawn',
  },
  same: {
    id: 'guard',
    message: 'rewritten: it rejects what it rejects today. Routes are sent again, none is withdrawn',
  },
  borrowed: {
    id: 'borrowed',
    message:
      "an address that a node borrowed from another node's block is now accepted; nothing is withdrawn",
  },
  foreign: {
    id: 'foreign-pods',
    message: "a pool announced by another AS is rejected: the cluster's pods are in its own AS",
  },
  aggregate: {
    id: 'aggregate',
    message:
      "a route for a whole pool is now accepted, if anyone announces one; none of the router's own static routes is one",
  },
} as const;

/** Options that reset a session in BIRD 3, but not in BIRD 2. */
export const BIRD3_RESETS = /\/import keep filtered$/;

/** Why an option of a BIRD session changes. */
export const OPTION_RULES: readonly (Explanation & { readonly options: RegExp })[] = [
  {
    id: 'bird-3',
    options: BIRD3_RESETS,
    message: 'BIRD 3 resets the session for it, BIRD 2 does not, and no file says which of them is running',
  },
  { id: 'import-limit', options: /\/import limit$/, message: 'a limit that only warns and blocks nothing' },
  {
    id: 'client-preference',
    options: /\/preference$/,
    message: "a node's own routes for its blocks are preferred over those of another reflector",
  },
  {
    id: 'shared-setting',
    options: /^(hold time|graceful restart)$/,
    message: 'a topology has one value for all sessions, and most sessions have this one',
  },
  {
    id: 'neighbor-by-number',
    options: /^neighbor (as|kind)$/,
    message: 'noencap writes the AS number, which BIRD treats as a different setting than internal',
  },
  {
    id: 'shared-setting',
    options: /^(source address|rr cluster id|ipv[46])$/,
    message: 'a router sets it on all of its sessions or on none',
  },
];

/** An option that the rendered session lacks and that no field of a topology covers. */
export const NO_WORD: Explanation = { id: 'no-word', message: 'a topology cannot express it' };
