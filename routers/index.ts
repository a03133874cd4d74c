import type { Drained, Fabric, RouterSpeaker, Session } from '../fabric/index.ts';
import { MARK, markFile } from './drained.ts';
import { ibgpFile } from './ibgp.ts';
import { peerFile, peerFileName } from './peer.ts';
import { DROP_IN, dropIn } from './restart.ts';
import { keepsForwarding, standaloneFile } from './standalone.ts';
import { sysctlFile } from './sysctl.ts';

/**
 * Every file below dist/routers, path to text. Planned routers have none. A node is one file on each of its
 * region's routers, and changes no others.
 */
export function routerFiles(fabric: Fabric): ReadonlyMap<string, string> {
  const sessionsOf = bySpeaker(fabric.sessions);
  return new Map(
    fabric.routers
      .filter(({ planned }) => !planned)
      .flatMap((router) =>
        [...filesOf(fabric, router, sessionsOf.get(router.name) ?? [], undefined)].map(
          ([path, text]) => [`routers/${router.name}/${path}`, text] as const,
        ),
      ),
  );
}

/**
 * What a router has instead while it is drained, by path below its folder. That it is drained is a state of the router, not of the network:
 * it is no part of a fabric or of dist, and the router itself has the mark.
 */
export const drainedFiles = (
  fabric: Fabric,
  router: RouterSpeaker,
  drained: Drained,
): ReadonlyMap<string, string> =>
  filesOf(
    fabric,
    router,
    fabric.sessions.filter(({ ends }) => ends.some(({ speaker }) => speaker === router.name)),
    drained,
  );

function filesOf(
  fabric: Fabric,
  router: RouterSpeaker,
  sessions: readonly Session[],
  drained: Drained | undefined,
): Map<string, string> {
  const isDrained = drained !== undefined;
  const files = new Map([['k3s/ibgp.conf', ibgpFile(fabric, router, isDrained)]]);
  const peers = new Map<string, Session[]>();
  for (const session of sessions) {
    const name = peerFileName(router, session);
    peers.set(name, [...(peers.get(name) ?? []), session]);
  }
  for (const [name, ofPeer] of peers) files.set(`k3s/ibgpeers/${name}`, peerFile(router, ofPeer, isDrained));
  if (router.bird.mode === 'standalone') {
    files.set('bird.conf', standaloneFile(fabric, router, isDrained));
    if (keepsForwarding(fabric)) files.set(DROP_IN, dropIn());
  }
  files.set('sysctl.d/90-noencap.conf', sysctlFile());
  if (drained !== undefined) files.set(MARK, markFile(drained));
  return files;
}

function bySpeaker(sessions: readonly Session[]): ReadonlyMap<string, Session[]> {
  const speakers = new Map<string, Session[]>();
  for (const session of sessions) {
    for (const end of session.ends) {
      const ofSpeaker = speakers.get(end.speaker);
      if (ofSpeaker === undefined) speakers.set(end.speaker, [session]);
      else ofSpeaker.push(session);
    }
  }
  return speakers;
}
