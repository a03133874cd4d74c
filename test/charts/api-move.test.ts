import { Bgp } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { dualStack, objectsOf, withCalico } from './topologies.ts';
import type { KubernetesObject } from './upstream.ts';

const V1 = 'crd.projectcalico.org/v1';
const V3 = 'projectcalico.org/v3';
type Group = typeof V1 | typeof V3;
type Marks = Readonly<Record<string, string>>;

const rendered = (api: NonNullable<TopologyInput['calico']['api']>): KubernetesObject[] =>
  objectsOf(withCalico(dualStack, { api }), Bgp).filter(({ apiVersion }) =>
    [V1, V3].includes(apiVersion as Group),
  );

const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.name}`;
const names = (objects: readonly KubernetesObject[]): string[] => objects.map(nameOf).sort();

/**
 * One stored object under two groups, as in libcalico-go (backend/k8s/resources/resources.go): a write through v3 puts
 * labels and annotations inside one annotation of the stored object, which loses all others; a read through v3 shows both, those
 * inside first. Labels are kept among the annotations here: neither side treats them differently.
 */
class Store {
  readonly #objects = new Map<string, { raw: Marks; inside: Marks | undefined }>();
  /** What was last applied through a group: server-side apply removes what is no longer there. */
  readonly #applied = new Map<string, Marks>();

  names(): string[] {
    return [...this.#objects.keys()].sort();
  }

  read(group: Group, name: string): Marks | undefined {
    const found = this.#objects.get(name);
    return found && (group === V1 ? found.raw : { ...found.raw, ...found.inside });
  }

  apply(group: Group, name: string, marks: Marks): void {
    const key = `${group} ${name}`;
    const gone = Object.keys(this.#applied.get(key) ?? {}).filter((mark) => !(mark in marks));
    const kept = Object.entries(this.read(group, name) ?? {}).filter(([mark]) => !gone.includes(mark));
    const now = { ...Object.fromEntries(kept), ...marks };
    const inside = this.#objects.get(name)?.inside;
    this.#objects.set(name, group === V1 ? { raw: now, inside } : { raw: {}, inside: now });
    this.#applied.set(key, marks);
  }

  delete(name: string): void {
    this.#objects.delete(name);
  }
}

const groupOf = ({ apiVersion }: KubernetesObject) => apiVersion as Group;
const marksOf = ({ metadata }: KubernetesObject): Marks => metadata.annotations ?? {};
const idOf = (group: Group, name: string): string => `${group} ${name}`;

type Sync = (git: readonly KubernetesObject[]) => void;

/** Compares first: what to prune is decided from the state before anything is applied, and pruned at the end. */
function argoCd(store: Store): Sync {
  const TRACKING = 'argocd.argoproj.io/tracking-id';
  return (git) => {
    const wanted = new Set(git.map((object) => idOf(groupOf(object), nameOf(object))));
    const pruned = store.names().filter((name) =>
      ([V1, V3] as const).some((group) => {
        const live = store.read(group, name) ?? {};
        const isOwn = live[TRACKING] === idOf(group, name);
        const isGuarded = (live['argocd.argoproj.io/sync-options'] ?? '').split(',').includes('Prune=false');
        return isOwn && !wanted.has(idOf(group, name)) && !isGuarded;
      }),
    );
    for (const object of git) {
      const [group, name] = [groupOf(object), nameOf(object)];
      store.apply(group, name, { ...marksOf(object), [TRACKING]: idOf(group, name) });
    }
    for (const name of pruned) store.delete(name);
  };
}

/** Applies first; of the objects in its inventory but no longer in git, it deletes those with its labels and without a guard at that time. */
function flux(store: Store): Sync {
  const OWNER = 'kustomize.toolkit.fluxcd.io/name';
  let inventory: readonly KubernetesObject[] = [];
  return (git) => {
    for (const object of git) {
      store.apply(groupOf(object), nameOf(object), { ...marksOf(object), [OWNER]: 'bgp' });
    }
    const wanted = new Set(git.map((object) => idOf(groupOf(object), nameOf(object))));
    for (const object of inventory) {
      const [group, name] = [groupOf(object), nameOf(object)];
      const live = store.read(group, name);
      if (wanted.has(idOf(group, name)) || live?.[OWNER] !== 'bgp') continue;
      if (live['kustomize.toolkit.fluxcd.io/prune'] !== 'disabled') store.delete(name);
    }
    inventory = git;
  };
}

const DIRECTIONS = [
  [V1, V3],
  [V3, V1],
] as const;

describe.each([
  ['Argo CD', argoCd],
  ['Flux', flux],
] as const)('%s', (engine, engineOf) => {
  test.each(DIRECTIONS)('moves everything from %s to %s through the intermediate state', (from, to) => {
    const store = new Store();
    const sync = engineOf(store);
    for (const state of [rendered(from), rendered({ from, to }), rendered(to)]) {
      sync(state);
      sync(state);
      expect(store.names()).toEqual(names(state));
    }
  });

  test('prunes a peer and a filter removed from git, before a move and after it', () => {
    const store = new Store();
    const sync = engineOf(store);
    const without = (objects: readonly KubernetesObject[], left: number) => {
      const kept = (kind: string) => objects.filter((one) => one.kind === kind).slice(left);
      return [
        ...objects.filter(({ kind }) => kind === 'BGPConfiguration'),
        ...kept('BGPPeer'),
        ...kept('BGPFilter'),
      ];
    };
    sync(rendered(V1));
    sync(without(rendered(V1), 1));
    expect(store.names()).toEqual(names(without(rendered(V1), 1)));
    sync(rendered(V1));
    sync(rendered({ from: V1, to: V3 }));
    sync(rendered(V3));
    sync(without(rendered(V3), 1));
    expect(store.names()).toEqual(names(without(rendered(V3), 1)));
  });

  test('never prunes the BGPConfiguration, whatever is in git', () => {
    for (const api of [V1, V3] as const) {
      const store = new Store();
      const sync = engineOf(store);
      sync(rendered(api));
      sync([]);
      expect(store.names()).toEqual(['BGPConfiguration/default']);
    }
  });

  // Flux checks again before it deletes, and v3 has removed its label from the old name: that saves one of the two directions.
  for (const [from, to] of DIRECTIONS.filter(([first]) => engine === 'Argo CD' || first === V3)) {
    test(`deletes every peer and filter that moves from ${from} to ${to} at once`, () => {
      const store = new Store();
      const sync = engineOf(store);
      sync(rendered(from));
      sync(rendered(to));
      expect(store.names()).toEqual(['BGPConfiguration/default']);
    });
  }
});

test('objects guarded in the intermediate state are no longer guarded under v3: its view shows the annotations of the other', () => {
  const guards = rendered({ from: V1, to: V3 }).filter(({ kind }) => kind !== 'BGPConfiguration');
  expect(guards.length).toBeGreaterThan(1);
  for (const guarded of guards) {
    const after = rendered(V3).find((one) => nameOf(one) === nameOf(guarded));
    const marks = marksOf(after as KubernetesObject);
    expect(Object.keys(marks)).toEqual(expect.arrayContaining(Object.keys(marksOf(guarded))));
    for (const [key, value] of Object.entries(marksOf(guarded))) expect(marks[key]).not.toBe(value);
  }
});
