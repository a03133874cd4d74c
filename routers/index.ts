import type { Fabric, Session } from '../fabric/index.ts';
import { ibgpFile } from './ibgp.ts';
import { peerFile, peerFileName } from './peer.ts';
import { standaloneFile } from './standalone.ts';
import { sysctlFile } from './sysctl.ts';

/**
 * Every file below dist/routers, path to text. Planned routers have none. A node is one file on each of its
 * region's routers, and changes no others.
 */
export function routerFiles(fabric: Fabric): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const sessionsOf = bySpeaker(fabric.sessions);
  for (const router of fabric.routers) {
    if (router.planned) continue;
    const folder = `routers/${router.name}`;
    files.set(`${folder}/k3s/ibgp.conf`, ibgpFile(fabric, router));
    const peers = new Map<string, Session[]>();
    for (const session of sessionsOf.get(router.name) ?? []) {
      const name = peerFileName(router, session);
      peers.set(name, [...(peers.get(name) ?? []), session]);
    }
    for (const [name, sessions] of peers) {
      files.set(`${folder}/k3s/ibgpeers/${name}`, peerFile(router, sessions));
    }
    if (router.bird.mode === 'standalone') files.set(`${folder}/bird.conf`, standaloneFile(fabric, router));
    files.set(`${folder}/sysctl.d/90-noencap.conf`, sysctlFile());
  }
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
