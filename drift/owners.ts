import type { FieldSet } from '../bootstrap/ownership.ts';
import { type Fabric, GITOPS_ENGINES } from '../fabric/index.ts';
import { isCalico } from '../verify/written-by.ts';
import type { Owner } from './document.ts';
import type { ManagedEntry } from './live-object.ts';

type Kind = Owner['is'];

/** What hides behind the name that a writer gave to the API server. */
export function kindOfManager({ gitops }: Pick<Fabric, 'gitops'>, manager: string): Kind {
  const isEngine = Object.entries(GITOPS_ENGINES).some(
    ([name, { fieldManager }]) =>
      fieldManager === manager && (gitops.engine === 'both' || gitops.engine === name),
  );
  if (isEngine) return 'engine';
  if (isCalico(manager)) return 'operator';
  if (CONTROLLER.test(manager)) return 'controller';
  return PERSON.test(manager) ? 'person' : 'program';
}

/** Kubernetes' own, and K3s' deploy controller (`deploy@kubemaster`). */
const CONTROLLER =
  /^(kube-controller-manager|kube-scheduler|kube-apiserver|cloud-controller-manager|kubelet|k3s|k3s-supervisor@.+|deploy@.+)$/;

/** kubectl and its subcommands, calicoctl, and the clients that people edit in: Argo CD's own page, k9s, Lens, the dashboard. */
const PERSON =
  /^(kubectl(-.+)?|calicoctl|k9s|argocd-server|node-fetch|Mozilla|dashboard|kubernetes-dashboard)$/;

export const ownerOf = (fabric: Pick<Fabric, 'gitops'>, { manager, at }: ManagedEntry): Owner => ({
  manager,
  is: kindOfManager(fabric, manager),
  ...(at === undefined ? {} : { at }),
});

/** Who wrote a field last; undefined if nobody owns it, as it is with a field that was removed. */
export function writerOf(
  fabric: Pick<Fabric, 'gitops'>,
  managed: readonly ManagedEntry[],
  path: string,
): Owner | undefined {
  const steps = stepsOf(path);
  const last = latest(managed.filter(({ fields }) => covers(fields, steps)));
  return last && ownerOf(fabric, last);
}

/**
 * Who wrote an object last, besides the engine: somebody rather than what runs by itself; undefined if only the engine did. Operators
 * touch objects for many reasons.
 */
export function lastOther(
  fabric: Pick<Fabric, 'gitops'>,
  managed: readonly ManagedEntry[],
): Owner | undefined {
  const of = (...kinds: readonly Kind[]) =>
    latest(managed.filter(({ manager }) => kinds.includes(kindOfManager(fabric, manager))));
  const last = of('person', 'program') ?? of('operator', 'controller');
  return last && ownerOf(fabric, last);
}

/** Of those who wrote these fields, the last one that is not the engine. */
export const lastOf = (owners: readonly Owner[]): Owner | undefined =>
  owners.filter(({ is }) => is !== 'engine').sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))[0];

/** Times of the API server are of one form, so their order is that of their text. */
const latest = (entries: readonly ManagedEntry[]): ManagedEntry | undefined =>
  [...entries].sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))[0];

/** `spec.ipPools[name=default].cidr` in its parts; a key with other characters stands in quotes. */
export type Step = { readonly key: string } | { readonly item: string };

export const stepsOf = (path: string): Step[] =>
  [...path.matchAll(/"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|([^.[\]"]+)/g)].map(
    ([whole, quoted, item, key]): Step =>
      quoted !== undefined
        ? { key: JSON.parse(whole) as string }
        : item !== undefined
          ? { item }
          : { key: key ?? '' },
  );

/** Whether a set of fields has the one at a path. A list or map that is owned as a whole is a leaf. */
function covers(set: FieldSet, [step, ...rest]: readonly Step[]): boolean {
  if (step === undefined) return true;
  const below = Object.keys(set).filter((key) => key !== '.');
  if (below.length === 0) return Object.hasOwn(set, '.') === false;
  if ('key' in step) {
    const next = set[`f:${step.key}`];
    return next !== undefined && covers(next, rest);
  }
  // An item that has no name cannot be told from the others.
  const items = below.filter((key) => step.item === '' || /^\d+$/.test(step.item) || isItem(key, step.item));
  return items.some((key) => covers(set[key] ?? {}, rest));
}

/** Whether `k:{"name":"default"}` is the item `name=default`. */
export function isItem(key: string, item: string): boolean {
  const fields = itemKeys(key);
  if (fields === undefined) return false;
  return item.split(',').every((part) => {
    const at = part.indexOf('=');
    const name = part.slice(0, at);
    return !Object.hasOwn(fields, name) || String(fields[name]) === part.slice(at + 1);
  });
}

/** The fields in `k:{"name":"default"}`; undefined for anything else. */
export function itemKeys(key: string): Readonly<Record<string, unknown>> | undefined {
  if (!key.startsWith('k:')) return undefined;
  try {
    const fields: unknown = JSON.parse(key.slice(2));
    return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
