import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, authority, type Identity } from './certificates.ts';

/** An object as the API server has it. */
export interface Stored {
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Kinds of which a test may have no object. */
const KINDS: Readonly<Record<string, string>> = {
  bgpconfigurations: 'BGPConfiguration',
  bgpfilters: 'BGPFilter',
  bgppeers: 'BGPPeer',
  ippools: 'IPPool',
};

export type Answer = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
};

/** Answers in place of the server; undefined lets the server answer. `hang` never answers, `cut` ends the connection. */
type Interceptor = (path: string, query: URLSearchParams) => Answer | 'hang' | 'cut' | undefined;

/** One request of somebody who is known. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** An API server: lists with limit and continue, discovery, one token, one authority for clients. */
export interface ApiServer {
  readonly url: string;
  /** By collection: `/api/v1/nodes`, `/apis/crd.projectcalico.org/v1/ippools`. */
  readonly lists: Map<string, readonly Stored[]>;
  /** Plurals that nobody may list. */
  readonly forbidden: Set<string>;
  /** Every path and query that was asked for. */
  readonly asked: string[];
  readonly authority: Authority;
  readonly folder: string;
  intercept: Interceptor | undefined;
  /** Answers what is more than reading lists; undefined leaves the request to the server. */
  more: ((asked: Asked) => Answer | Promise<Answer> | undefined) | undefined;
  /** What it says that the time is, in milliseconds from now. */
  shift: number;
  /** Forgets the pages that it has begun to send. */
  compact(): void;
  /** Writes a kubeconfig for it and makes it the current one; fields of `user` and `cluster` in place of what works. */
  use(change?: { user?: object; cluster?: object }): string;
  close(): Promise<void>;
}

export const TOKEN = 'a-token-of-the-test';

export async function startApiServer(
  lists: ReadonlyMap<string, readonly Stored[]> = new Map(),
  serverDays = 0,
): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-api-'));
  const trusted = authority(folder);
  const { key, cert }: Identity = trusted.issue('kube-apiserver', serverDays);
  let epoch = 1;
  const server = createServer({ key, cert, ca: trusted.cert, requestCert: true, rejectUnauthorized: false });
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'https://server');
    const { method = 'GET' } = request;
    state.asked.push(method === 'GET' ? (request.url ?? '') : `${method} ${request.url}`);
    const sent = method === 'GET' ? '' : await bodyOf(request);
    const answer =
      state.intercept?.(path, query) ??
      (isKnown(request) ? await state.more?.({ method, path, query, body: sent }) : undefined) ??
      answered(request, path, query);
    if (answer === 'hang') return;
    if (answer === 'cut') return void request.socket.destroy();
    const { status, body, headers = {} } = answer;
    const isText = typeof body === 'string';
    response.writeHead(status, {
      'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
      date: new Date(Date.now() + state.shift).toUTCString(),
      ...headers,
    });
    response.end(isText ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function isKnown({ socket, headers: { authorization } }: IncomingMessage): boolean {
    const { authorized } = socket as unknown as { authorized: boolean };
    return authorization === `Bearer ${TOKEN}` || (authorization === undefined && authorized);
  }

  function answered(request: IncomingMessage, path: string, query: URLSearchParams): Answer {
    if (!isKnown(request)) return refusal(401, 'Unauthorized', 'Unauthorized');
    if (path === '/version')
      return { status: 200, body: { major: '1', minor: '34', gitVersion: 'v1.34.5+k3s1' } };
    const [, group, version] = /^\/apis\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    if (group !== undefined || path === '/api/v1') {
      const own = [...state.lists].filter(([one]) => one.startsWith(`${path}/`));
      if (own.length === 0) return { status: 404, body: '404 page not found\n' };
      const resources = own.map(([one, objects]) => {
        const name = one.split('/').at(-1) ?? '';
        const namespaced = one.includes('/namespaces/');
        return { name, kind: objects[0]?.kind ?? KINDS[name], namespaced, verbs: ['list'] };
      });
      const groupVersion = group === undefined ? 'v1' : `${group}/${version}`;
      return { status: 200, body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources } };
    }
    const found = state.lists.get(path);
    if (found === undefined) return { status: 404, body: '404 page not found\n' };
    const plural = path.split('/').at(-1) ?? '';
    if (state.forbidden.has(plural)) {
      const [, of = ''] = /^\/apis\/([^/]+)/.exec(path) ?? [];
      const message = `${plural} is forbidden: User "viewer" cannot list resource "${plural}" in API group "${of}" at the cluster scope`;
      return refusal(403, 'Forbidden', message);
    }
    return page(found, query);
  }

  /** The token of a further page says which list it is of; after a compaction the server does not know that list any more. */
  function page(found: readonly Stored[], query: URLSearchParams): Answer {
    const limit = Number(query.get('limit') ?? found.length);
    const token = query.get('continue');
    const { epoch: of, start } = token === null ? { epoch, start: 0 } : decode(token);
    if (of !== epoch) {
      const message = 'The provided continue parameter is too old to display a consistent list result.';
      return refusal(410, 'Expired', message);
    }
    const items = found.slice(start, start + limit);
    const left = found.length - start - items.length;
    const next =
      left > 0 ? { continue: encode({ epoch, start: start + limit }), remainingItemCount: left } : {};
    const metadata = { resourceVersion: String(1000 + epoch), ...next };
    return { status: 200, body: { kind: 'List', apiVersion: 'v1', metadata, items } };
  }

  const former = process.env.KUBECONFIG;
  const state: ApiServer = {
    url,
    lists: new Map(lists),
    forbidden: new Set(),
    asked: [],
    authority: trusted,
    folder,
    intercept: undefined,
    more: undefined,
    shift: 0,
    compact: () => {
      epoch += 1;
    },
    use: ({ user = { token: TOKEN }, cluster = {} } = {}) => {
      const file = join(folder, 'kubeconfig');
      const known = { server: url, 'certificate-authority-data': base64(trusted.cert), ...cluster };
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'home',
        clusters: [{ name: 'home', cluster: known }],
        users: [{ name: 'admin', user }],
        contexts: [{ name: 'home', context: { cluster: 'home', user: 'admin' } }],
      };
      writeFileSync(file, JSON.stringify(config));
      process.env.KUBECONFIG = file;
      return file;
    },
    close: async () => {
      if (former === undefined) delete process.env.KUBECONFIG;
      else process.env.KUBECONFIG = former;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
  state.use();
  return state;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Token {
  readonly epoch: number;
  readonly start: number;
}

const encode = (token: Token): string => base64(JSON.stringify(token));
const decode = (token: string): Token => JSON.parse(Buffer.from(token, 'base64').toString('utf8'));

/** A `Status`, as the API server refuses. */
export const refusal = (code: number, reason: string, message: string): Answer => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
});
