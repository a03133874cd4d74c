import type { Draft } from '../draft.ts';
import { entries, has } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import { didYouMean, listed, suggester } from '../suggest.ts';

const FIRST: Path = ['k3s', 'firstServer'];

/** Which server starts the cluster. A file without nodes starts none. */
export function k3sRules(draft: Draft): Fault[] {
  const { k3s, nodes } = draft.file;
  if (draft.faulty('nodes') || draft.faulty(...FIRST)) return [];
  const all = entries(nodes);
  const servers = all.filter(([, { role }]) => role === 'server').map(([name]) => name);
  const first = k3s?.firstServer;
  if (first !== undefined) return firstServerFaults(draft, first, servers);
  // A node with an unreadable role may be the missing server.
  if (Object.keys(nodes ?? {}).some((name) => nodes?.[name]?.role === undefined)) return [];
  if (all.length > 0 && servers.length === 0) {
    const fix = 'Set role: server on one of them; it runs the control plane.';
    return [fault('no-server', ['nodes'], 'has agents only, no server', fix, { part: 'key' })];
  }
  if (servers.length < 2) return [];
  const fix = `Add firstServer: the one of ${listed(servers, 'and')} that starts the cluster; the others join it.`;
  const message = `has no firstServer, but there are ${servers.length} servers`;
  return [fault('first-server-missing', ['k3s'], message, fix, { part: 'key' })];
}

function firstServerFaults(draft: Draft, first: string, servers: readonly string[]): Fault[] {
  const { nodes } = draft.file;
  if (!has(nodes, first)) {
    const hint = servers.length === 0 ? 'No node has role: server.' : `Servers: ${listed(servers, 'and')}.`;
    const fix = didYouMean(suggester(servers)(first), hint);
    return [fault('unknown-node', FIRST, `no node is named ${JSON.stringify(first)}`, fix)];
  }
  if (nodes?.[first]?.role !== 'agent') return [];
  const fix =
    servers.length === 0 ? `Set role: server on ${first}.` : `Name a server: ${listed(servers, 'or')}.`;
  return [fault('first-server-agent', FIRST, `${first} is an agent`, fix)];
}
