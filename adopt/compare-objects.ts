import { type FieldChange, fieldChanges } from '../review/fields.ts';
import { type Cluster, keyOf, text } from './cluster.ts';
import { type ClusterObject, clusterObjects, fieldAt, isFields, textOf } from './cluster-objects.ts';
import type { Compared, Detail } from './compared.ts';
import { COMES, type Explanation, FIELD_RULES, LEFT_ALONE, STAYS } from './explanations.ts';
import { type Note, placeText } from './facts.ts';
import { ONE_REGION } from './infer-peers.ts';
import { labelIs, takesAll } from './selector.ts';

/** The rendered manifests against the objects in the cluster: what server-side apply changes, field by field. */
export function compareObjects(
  today: Cluster,
  notes: readonly Note[],
  files: ReadonlyMap<string, string>,
): { compared: Compared[]; todo: string[] } {
  const rendered = [...files]
    .filter(([path]) => path.startsWith('cluster/') && !path.endsWith('/kustomization.yaml'))
    .flatMap(([file, content]) => clusterObjects({ file, bytes: new TextEncoder().encode(content) }).objects);
  const running = new Map(today.objects.map((object) => [keyOf(object), object]));
  const peers = rendered.filter(({ kind }) => kind === 'BGPPeer');
  const old = today.of('BGPPeer');
  const compared = rendered.map((object): Compared => {
    const before = running.get(keyOf(object));
    if (before !== undefined) return changed(before, object);
    const because = comes(object, old);
    return { where: 'cluster', what: titleOf(object), change: 'added', details: [whole(because)] };
  });
  const kept = new Set(rendered.map(keyOf));
  const left = ['BGPPeer', 'BGPFilter', 'BGPConfiguration'].flatMap((kind) =>
    today.of(kind).filter((object) => !kept.has(keyOf(object))),
  );
  const twins = new Map(
    left.flatMap((object) => {
      const twin = peers.find((peer) => object.kind === 'BGPPeer' && sameSessions(peer, object));
      return twin === undefined ? [] : [[object, twin] as const];
    }),
  );
  const stay = left.flatMap((object): Compared[] => {
    const what = titleOf(object);
    const twin = twins.get(object);
    const note = notes.find((one) => one.what === what);
    const place = placeText(note?.at);
    const why = `${note?.message ?? 'the topology contains none of it'}${place === undefined ? '' : ` (${place})`}`;
    const wide = peers.find((peer) => object.kind === 'BGPPeer' && isWidened(peer, object));
    const because =
      twin !== undefined
        ? STAYS.peer(twin.name)
        : wide !== undefined
          ? STAYS.widePeer(wide.name)
          : STAYS.other(why);
    const stays: Compared = { where: 'cluster', what, change: 'left', details: [whole(because)] };
    const isRenamed = twin === undefined && wide !== undefined && isGlobal(object);
    return isRenamed
      ? [
          stays,
          { ...stays, what: `sessions of ${what}`, change: 'reset', details: [whole(STAYS.globalPeer)] },
        ]
      : [stays];
  });
  const todo =
    twins.size === 0
      ? []
      : [
          `once the rendered BGPPeers exist: kubectl delete bgppeers.crd.projectcalico.org ${[...twins.keys()]
            .map(({ name }) => name)
            .sort()
            .join(' ')}`,
        ];
  return { compared: [...compared, ...stay], todo };
}

const titleOf = ({ kind, namespace, name }: ClusterObject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

const whole = (because: Explanation | undefined): Detail => ({
  field: '',
  before: undefined,
  after: undefined,
  because,
});

/** Server-side apply sets the fields it contains. Other fields stay, except in lists, which it replaces as a whole. */
function changed(before: ClusterObject, after: ClusterObject): Compared {
  const all = fieldChanges(after.kind, before.value, after.value);
  const isOfList = ({ path }: FieldChange) => /\]$/.test(path);
  const set = all.filter((one) => one.after !== undefined || isOfList(one)).flatMap(leaves);
  const stays = all.filter(
    (one) =>
      ['Installation', 'BGPConfiguration'].includes(after.kind) &&
      one.after === undefined &&
      !isOfList(one) &&
      one.path.startsWith('spec.') &&
      one.before !== undefined,
  );
  const details = [
    ...set.map((one) =>
      detail(
        one,
        FIELD_RULES.find((rule) => rule.kinds.includes(after.kind) && rule.fits(one)),
      ),
    ),
    ...stays.map((one) => ({ ...detail(one, LEFT_ALONE), after: shown(one.before) })),
  ];
  return {
    where: 'cluster',
    what: titleOf(after),
    change: set.filter(({ path }) => path !== 'apiVersion').length === 0 ? 'same' : 'changed',
    details: details.filter(({ field }) => field !== 'apiVersion'),
  };
}

const detail = ({ path, before, after }: FieldChange, because: Explanation | undefined): Detail => ({
  field: path,
  before: shown(before),
  after: shown(after),
  because: because && { id: because.id, message: because.message },
});

const shown = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  const all = typeof value === 'string' ? value : JSON.stringify(value);
  return all.length > 80 ? `${all.slice(0, 77)}...` : all;
};

/** A map that is added as a whole, field by field. */
function leaves(change: FieldChange): FieldChange[] {
  const { path, before, after } = change;
  if (before !== undefined) return [change];
  if (Array.isArray(after) && after.every((one) => !isFields(one))) {
    return after.map((one) => ({ path: `${path}[]`, before, after: one }));
  }
  // An item added to a list is something new, not a set of defaults.
  if (!isFields(after) || path.endsWith(']')) return [change];
  return Object.entries(after).flatMap(([key, value]) =>
    leaves({ path: `${path}.${/^\w+$/.test(key) ? key : JSON.stringify(key)}`, before, after: value }),
  );
}

/** Why it is right to add an object; undefined if nothing does the same today. */
function comes(object: ClusterObject, old: readonly ClusterObject[]): Explanation | undefined {
  const { kind, namespace, name } = object;
  if (kind === 'BGPPeer') {
    const twin = old.find((peer) => sameSessions(object, peer));
    const wide = old.find((peer) => isWidened(object, peer));
    return twin === undefined ? wide && COMES.widePeer(wide.name) : COMES.peer(twin.name);
  }
  if (kind === 'BGPConfiguration') {
    const [asNumber, mesh] = ['asNumber', 'nodeToNodeMeshEnabled'].map((field) =>
      fieldAt(object.value, ['spec', field]),
    );
    return asNumber === 64512 && mesh === true ? COMES.configuration : undefined;
  }
  if (kind === 'APIServer') return COMES.apiServer;
  if (namespace === 'noencap-system' || /^noencap-/.test(name)) return COMES.labels;
  if (namespace === 'calico-system' && name === 'bgp-passwords') return COMES.password;
  const isOperators = namespace === 'tigera-operator' || name.startsWith('tigera-operator');
  return isOperators || kind === 'CustomResourceDefinition' ? COMES.operator : undefined;
}

/** Whether two BGPPeers create the same sessions with the same settings. */
function sameSessions(a: ClusterObject, b: ClusterObject): boolean {
  const [one, other] = [a, b].map(({ value }) =>
    labelIs(text(fieldAt(value, ['spec', 'nodeSelector'])) ?? ''),
  );
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other) && sameSettings(a, b);
}

/** Without a selector Calico names a session `Global_...`, with one `Node_...`; while both exist, the first. */
const isGlobal = ({ value }: ClusterObject): boolean =>
  ['nodeSelector', 'node'].every((field) => textOf(fieldAt(value, ['spec', field]) ?? '') === '');

/** Whether a rendered BGPPeer is for the one made-up region, of a BGPPeer that selects all nodes. */
const isWidened = (rendered: ClusterObject, today: ClusterObject): boolean =>
  labelIs(text(fieldAt(rendered.value, ['spec', 'nodeSelector'])) ?? '')?.value === ONE_REGION &&
  takesAll(text(fieldAt(today.value, ['spec', 'nodeSelector'])) ?? '', []) &&
  textOf(fieldAt(today.value, ['spec', 'node'])) === '' &&
  sameSettings(rendered, today);

function sameSettings(a: ClusterObject, b: ClusterObject): boolean {
  const [one, other] = [a, b].map(({ value }) => {
    const spec = (...path: string[]) => fieldAt(value, ['spec', ...path]);
    const secret = (field: string) => spec('password', 'secretKeyRef', field);
    return JSON.stringify([
      spec('peerIP'),
      spec('asNumber'),
      spec('filters') ?? [],
      secret('name'),
      secret('key'),
    ]);
  });
  return one === other;
}
