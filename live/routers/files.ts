import {
  driftFrom,
  inParallel,
  inspect,
  notPinned,
  releaseFor,
  routerScript,
  show,
  sshRemote,
} from '../../delivery/index.ts';
import type { FileOnRouter, RouterFilesLook } from '../../drift/router-files.ts';
import type { Unread } from '../../verify/index.ts';
import { AT_A_TIME, guarded, type ToLookAt } from './look.ts';

/** What each of these routers has in place of its files in git, over the account and the script of `ship`. Changes nothing. */
export const readRouterFiles = (
  routers: readonly ToLookAt[],
  stop: AbortSignal,
): Promise<RouterFilesLook[]> =>
  inParallel(routers, AT_A_TIME, (one) =>
    guarded(
      stop,
      () => filesOf(one, stop),
      (why) => unread(one, why),
    ),
  );

const unread = ({ router }: ToLookAt, { message, fix }: Unread): RouterFilesLook => ({
  router,
  read: undefined,
  unread: { message, fix },
});

/** Each costs a call, and nobody reads more. */
const MOST_TEXTS = 20;

async function filesOf(one: ToLookAt, stop: AbortSignal): Promise<RouterFilesLook> {
  const { router, settings, files } = one;
  const untrusted = await notPinned(one.target);
  if (untrusted !== undefined) return unread(one, untrusted);
  const remote = sshRemote(one.target, { script: routerScript });
  try {
    const { done: seen, failed } = await inspect(remote, settings, [], stop);
    if (failed !== undefined) return unread(one, failed);
    // Another machine than the one that is meant: what it says is about something else.
    if (seen.stranger !== undefined) return unread(one, seen.stranger);
    if (seen.holder !== undefined || seen.pending !== undefined) {
      const who =
        seen.holder === undefined
          ? 'a change that BIRD will undo is not confirmed'
          : `${seen.holder} is delivering to it`;
      return unread(one, { message: who, fix: 'Look again when that is over.' });
    }
    const contents = seen.drained === undefined ? files : one.drainedFiles(seen.drained);
    const inGit = new Map(
      releaseFor(contents)({ salt: undefined }).files.map(({ path, sha256 }) => [path, sha256]),
    );
    const odd = seen.odd.map((path) => ({ path, is: 'added' as const }));
    const { live } = seen;
    // The password is not in git: whether it is as it was delivered, the manifest on the router says.
    const behind = (live === undefined ? driftFrom(seen, inGit) : between(inGit, live.manifest)).filter(
      ({ path }) => path !== settings.secret,
    );
    const edited = live === undefined ? [] : driftFrom(seen, live.manifest);
    const shown = [...edited, ...behind].filter(
      ({ path, is }) => is !== 'missing' && path !== settings.secret,
    );
    const texts = new Map<string, string>();
    for (const path of [...new Set(shown.map((other) => other.path))].slice(0, MOST_TEXTS)) {
      const text = (await show(remote, settings, path, stop)).done;
      if (text !== undefined) texts.set(path, text);
    }
    const withText = ({ path, is }: { path: string; is: FileOnRouter['is'] }): FileOnRouter => ({
      path,
      is,
      text: texts.get(path),
    });
    return {
      router,
      read: {
        delivered: live?.manifest,
        drained: seen.drained && { ...seen.drained, files: contents },
        behind: (live === undefined ? [...behind, ...odd] : behind).map(withText),
        edited: (live === undefined ? [] : [...edited, ...odd]).map(withText),
      },
      unread: undefined,
    };
  } finally {
    await remote.end();
  }
}

/** What was delivered, against git. */
function between(
  inGit: ReadonlyMap<string, string>,
  delivered: ReadonlyMap<string, string>,
): { readonly path: string; readonly is: FileOnRouter['is'] }[] {
  return [...new Set([...inGit.keys(), ...delivered.keys()])].sort().flatMap((path) => {
    const [wanted, is] = [inGit.get(path), delivered.get(path)];
    if (wanted === is) return [];
    return [{ path, is: wanted === undefined ? 'added' : is === undefined ? 'missing' : 'changed' } as const];
  });
}
