import { isInstallationDefault } from '../calico/defaults.ts';
import type { FieldChange } from '../review/fields.ts';

/** Why a difference between today and the rendered network is there, and what it does to what runs. */
export interface Explanation {
  readonly id: string;
  readonly says: string;
}

/** What of an object changes, and why that is right. The first rule that fits counts. */
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
    says: 'tells the engines how to apply it, and whether they may ever remove it; nothing that runs reads it',
    kinds: ['Installation', 'APIServer', 'BGPConfiguration', 'BGPFilter', 'BGPPeer', ...OPERATOR_KINDS],
    fits: isKeep,
  },
  {
    id: 'default-written',
    says: 'what the operator does anyway, written out so that it has nothing to write back',
    kinds: ['Installation'],
    fits: ({ path, before, after }) => before === undefined && isInstallationDefault(path, after),
  },
  {
    id: 'registry-slash',
    says: 'the operator adds the slash itself',
    kinds: ['Installation'],
    fits: ({ path, before, after }) =>
      path === 'spec.registry' && typeof before === 'string' && `${before}/` === after,
  },
  {
    id: 'log-severity',
    says: 'how much BIRD logs on the nodes; no session is touched',
    kinds: ['BGPConfiguration'],
    fits: ({ path }) => path === 'spec.logSeverityScreen',
  },
  {
    id: 'calico-default',
    says: 'what Calico does anyway, written out',
    kinds: ['BGPConfiguration'],
    fits: ({ path, before, after }) =>
      before === undefined &&
      ((path === 'spec.asNumber' && after === 64512) ||
        (path === 'spec.nodeToNodeMeshEnabled' && after === true)),
  },
  {
    id: 'operator-image',
    says: 'the operator itself comes from the registry too: it restarts, calico-node does not',
    kinds: ['Deployment'],
    fits: ({ path }) => path.endsWith('.image'),
  },
  {
    id: 'operator-manifest',
    says: "the operator as Calico's own manifest of that version has it; calico-node is not touched",
    kinds: OPERATOR_KINDS,
    fits: () => true,
  },
];

/** Why an object comes that is not there today. */
export const COMES = {
  operator: {
    id: 'operator-manifest',
    says: "the operator as Calico's own manifest of that version has it; what is there already is taken over",
  },
  labels: {
    id: 'labels-by-job',
    says: 'sets the region label of each node, from git from now on instead of by kubectl label',
  },
  configuration: { id: 'calico-default', says: 'says what Calico does without it' },
  apiServer: {
    id: 'api-server',
    says: "starts Calico's own API server: the operator changes pools through nothing else, and nothing that runs needs it",
  },
  peer: (name: string): Explanation => ({
    id: 'peer-renamed',
    says: `makes the sessions that ${name} makes; Calico makes one session a node and address of both`,
  }),
  widePeer: (name: string): Explanation => ({
    id: 'peer-of-region',
    says: `makes the sessions that ${name} makes, of the nodes that have the label; Calico makes one session a node and address of both`,
  }),
  password: { id: 'password-access', says: 'lets calico-node read the Secret, which the operator does not' },
} as const;

/** Why an object stays that is not rendered. */
export const STAYS = {
  peer: (name: string): Explanation => ({
    id: 'peer-renamed',
    says: `${name} makes the same sessions: delete this one once that is there`,
  }),
  widePeer: (name: string): Explanation => ({
    id: 'peer-of-region',
    says: `${name} makes the same sessions once all nodes have the label. Delete this one only then`,
  }),
  globalPeer: {
    id: 'global-peer',
    says: 'it has no selector: Calico calls its sessions Global_ and those of a region Node_, so that each resets once when you delete it. Until then none does',
  },
  other: (why: string): Explanation => ({
    id: 'left-alone',
    says: `${why}; what noencap did not make it does not remove`,
  }),
} as const;

/** What nodes have of their own. */
export const NODES = {
  reflector: {
    id: 'left-alone',
    says: 'the node stays a route reflector, and its sessions with other nodes as they are; check, lab and diff know nothing of it',
  },
} as const;

/** Why fields stay that are not rendered. */
export const LEFT_ALONE: Explanation = {
  id: 'left-alone',
  says: 'a topology has no word for it; server-side apply leaves what it does not name',
};

/** Why a filter is another: said only where it does the same with every route that matters, or lets harmless ones through as well. */
export const FILTERS = {
  blocks: {
    id: 'guard',
    says: 'written anew: blocks of the pools pass, as today. Routes are sent again, none is withdrawn',
  },
  same: {
    id: 'guard',
    says: 'written anew: it stops what it stops today. Routes are sent again, none is withdrawn',
  },
  borrowed: {
    id: 'borrowed',
    says: "an address that a node borrows from another's block passes from now on; nothing is withdrawn",
  },
  foreign: {
    id: 'foreign-pods',
    says: "a pool as another AS announces it is stopped: the cluster's pods are in its own",
  },
  aggregate: {
    id: 'aggregate',
    says: "a pool as a whole passes from now on, if anybody has it; none of the router's own static routes is one",
  },
} as const;

/** What BIRD 2 keeps a session for, and BIRD 3 does not. */
export const BIRD3_RESETS = /\/import keep filtered$/;

/** Why an option of a BIRD session is another. */
export const OPTION_RULES: readonly (Explanation & { readonly options: RegExp })[] = [
  {
    id: 'bird-3',
    options: BIRD3_RESETS,
    says: 'BIRD 3 resets the session for it and BIRD 2 does not, and no file says which of them runs',
  },
  { id: 'import-limit', options: /\/import limit$/, says: 'a limit that warns and stops nothing' },
  {
    id: 'client-preference',
    options: /\/preference$/,
    says: 'what a node says of its own blocks counts more than what another reflector says of them',
  },
  {
    id: 'shared-setting',
    options: /^(hold time|graceful restart)$/,
    says: 'a topology has one for all sessions, and most have that one',
  },
  {
    id: 'neighbor-by-number',
    options: /^neighbor (as|kind)$/,
    says: 'noencap writes the AS number, and to BIRD that is another setting than internal',
  },
  {
    id: 'shared-setting',
    options: /^(source address|rr cluster id|ipv[46])$/,
    says: 'a router has it on all of its sessions or on none',
  },
];

/** An option that the rendered session has not, and that no field of a topology is for. */
export const NO_WORD: Explanation = { id: 'no-word', says: 'a topology has no word for it' };
