import type { Drained, Fabric } from '../fabric/index.ts';
import { fileChanges } from '../review/files.ts';
import { nextCommands } from '../verify/next-command.ts';
import type { Unread } from '../verify/router-look.ts';
import type { Drift, DriftUnknown, RouterDrift } from './document.ts';

/** A file of a router that is not as it should be. All text is others' words. */
export interface FileOnRouter {
  /** Below BIRD's configuration folder: `k3s/ibgp.conf`. */
  readonly path: string;
  readonly is: 'changed' | 'missing' | 'added';
  /** As it is there; undefined for a missing file, and for one that was not read. */
  readonly text: string | undefined;
}

/** One look at the files of a router. */
export interface RouterFilesLook {
  readonly router: string;
  readonly read:
    | {
        /** What was delivered last: path to sha256; undefined if nothing ever was. */
        readonly delivered: ReadonlyMap<string, string> | undefined;
        /** Traffic is kept away from it, with these files in place of those in git. */
        readonly drained?: (Drained & { readonly files: ReadonlyMap<string, string> }) | undefined;
        /** What is otherwise there than it was delivered. */
        readonly edited: readonly FileOnRouter[];
        /** What was delivered otherwise than git has it; if nothing was, what is there otherwise. */
        readonly behind: readonly FileOnRouter[];
      }
    | undefined;
  readonly unread: Unread | undefined;
}

/** What git remembers of deliveries. */
export interface History {
  /** The commit whose files of a router these are, by path to sha256. */
  commitWith(router: string, manifest: ReadonlyMap<string, string>): string | undefined;
  /** The text of a file of dist that had this sha256. */
  textWith(path: string, sha256: string): string | undefined;
}

export interface RoutersDrift {
  readonly routers: readonly RouterDrift[];
  readonly drained: NonNullable<Drift['drained']>;
  readonly unknown: readonly DriftUnknown[];
  readonly same: number;
}

/** Files on routers against git. What was edited there is told from what git has and nobody has delivered yet. */
export function routersDrift(
  fabric: Fabric,
  files: ReadonlyMap<string, string>,
  looks: readonly RouterFilesLook[],
  history: History,
): RoutersDrift {
  const next = nextCommands(fabric);
  const routers: RouterDrift[] = [];
  const drained: RoutersDrift['drained'] = [];
  const unknown: DriftUnknown[] = [];
  let same = 0;
  for (const { router, read, unread } of looks) {
    if (read === undefined) {
      const about = { kind: 'router', name: router } as const;
      const { message = 'it was not looked at', fix } = unread ?? {};
      unknown.push({
        about,
        message,
        evidence: fix === undefined ? [] : [fix],
        next: next.shipCheck(router),
      });
      continue;
    }
    const { delivered, edited, behind } = read;
    if (read.drained !== undefined) drained.push({ router, since: read.drained.since, by: read.drained.by });
    const commit = delivered === undefined ? null : (history.commitWith(router, delivered) ?? null);
    const isEdited = new Set(edited.map(({ path }) => path));
    const deliveredText = (path: string) => {
      const hash = delivered?.get(path);
      return hash === undefined ? undefined : history.textWith(`routers/${router}/${path}`, hash);
    };
    const inGit = (path: string) =>
      read.drained === undefined ? files.get(`routers/${router}/${path}`) : read.drained.files.get(path);
    /** From what was delivered to what is there. */
    const edits = () =>
      edited.map((one) => {
        const isNew = one.is === 'added';
        const before = isNew ? undefined : deliveredText(one.path);
        return changeOf(router, one, before, one.text, isNew || before !== undefined);
      });
    /** From git to what was delivered. */
    const lags = () =>
      behind.map((one) => {
        const there = isEdited.has(one.path) ? deliveredText(one.path) : one.text;
        return changeOf(router, one, inGit(one.path), there, true);
      });
    if (edited.length > 0)
      routers.push({
        router,
        change: 'edited',
        delivered: commit,
        files: edits(),
        next: next.shipCheck(router),
      });
    if (behind.length > 0) {
      const change = delivered === undefined ? 'never-delivered' : 'not-delivered';
      routers.push({ router, change, delivered: commit, files: lags(), next: next.ship(router) });
    }
    if (edited.length + behind.length === 0) same += 1;
  }
  return { routers, drained, unknown, same };
}

/** As `diff` shows a change; without hunks where one of the texts is not known. */
function changeOf(
  router: string,
  { path, is }: FileOnRouter,
  before: string | undefined,
  after: string | undefined,
  isKnown: boolean,
): RouterDrift['files'][number] {
  const full = `routers/${router}/${path}`;
  const change = is === 'added' ? 'added' : is === 'missing' ? 'deleted' : 'changed';
  const unseen = { path: full, change, added: 0, removed: 0, hunks: [] as string[] } as const;
  if (!isKnown || (after === undefined && is !== 'missing')) return unseen;
  const of = (one: string | undefined) => new Map(one === undefined ? [] : [[full, one]]);
  const [found] = fileChanges('routers', of(before), of(after));
  return found === undefined ? unseen : { ...found, change, hunks: [...found.hunks] };
}
