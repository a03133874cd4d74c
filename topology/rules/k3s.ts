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
  // A node whose role could not be read may be the server that is missed here.
  if (Object.keys(nodes ?? {}).some((name) => nodes?.[name]?.role === undefined)) return [];
  if (all.length > 0 && servers.length === 0) {
    const mend = 'Give one of them role: server; it runs the control plane.';
    return [fault('no-server', ['nodes'], 'holds agents only', mend, { part: 'key' })];
  }
  if (servers.length < 2) return [];
  const mend = `Add firstServer: the one of ${listed(servers, 'and')} that starts the cluster; the others join it.`;
  const says = `has no firstServer, and there are ${servers.length} servers`;
  return [fault('first-server-missing', ['k3s'], says, mend, { part: 'key' })];
}

function firstServerFaults(draft: Draft, first: string, servers: readonly string[]): Fault[] {
  const { nodes } = draft.file;
  if (!has(nodes, first)) {
    const known =
      servers.length === 0 ? 'There is no server among the nodes.' : `Servers: ${listed(servers, 'and')}.`;
    const mend = didYouMean(suggester(servers)(first), known);
    return [fault('unknown-node', FIRST, `no node is called ${JSON.stringify(first)}`, mend)];
  }
  if (nodes?.[first]?.role !== 'agent') return [];
  const mend =
    servers.length === 0 ? `Give ${first} role: server.` : `Name a server: ${listed(servers, 'or')}.`;
  return [fault('first-server-agent', FIRST, `${first} is an agent`, mend)];
}
