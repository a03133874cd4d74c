import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { delimiter } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { oneLine } from '../../bootstrap/trouble.ts';
import { hidingSecretsMeanwhile } from '../../machine/index.ts';
import type { Read, Unread, UnreadBecause } from '../../verify/cluster-look.ts';
import { type Answer, exchange, type Limits, type NoAnswer } from './exchange.ts';

/** A cluster's API server, and the credentials of one context of the kubeconfig. */
export interface Connection {
  readonly context: string;
  readonly server: string;
  /** When the credentials expire, as they say themselves, in milliseconds; undefined if they do not. */
  readonly credentialsUntil: number | undefined;
  get(path: string, limits: Limits): Promise<Answer | NoAnswer>;
  /** Nothing but write.ts calls it. */
  send(method: 'POST' | 'DELETE', path: string, body: object, limits: Limits): Promise<Answer | NoAnswer>;
  /** Ends what is asked, and every wait. */
  readonly stop: AbortSignal | undefined;
  /** Where its certificate is looked at: without credentials, and through no proxy. */
  readonly unproxied: URL | undefined;
}

/** As kubectl finds it: KUBECONFIG, else ~/.kube/config, else the service account of a pod. */
export async function connect(
  chosen: string | undefined,
  stop: AbortSignal | undefined,
): Promise<Read<Connection>> {
  // Only commands that read a cluster load it.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  try {
    load(config, () => new KubeConfig());
  } catch (error) {
    return unread('no-kubeconfig', errorText(error));
  }
  if (chosen !== undefined) config.setCurrentContext(chosen);
  const context = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  // What the library makes up where there is no kubeconfig.
  if (cluster?.server === 'http://localhost:8080' && context === 'loaded-context') {
    return unread('no-kubeconfig', 'there is neither KUBECONFIG nor ~/.kube/config');
  }
  if (context === undefined || cluster === null || !URL.canParse(cluster.server)) {
    return unread('no-kubeconfig', `context ${context ?? 'none'} has no server`);
  }
  const options: RequestOptions = { headers: {} };
  try {
    // A kubeconfig may name a program that gets the credentials.
    await hidingSecretsMeanwhile(() => within(CREDENTIALS_TIME, config.applyToHTTPSOptions(options), stop));
  } catch (error) {
    if (stop?.aborted) return unread(whyStopped(stop), 'the program that gets the credentials had not ended');
    return unread('no-credentials', errorText(error));
  }
  const { headers, agent, auth } = options;
  const base = cluster.server.replace(/\/+$/, '');
  const sent = {
    ...(agent === undefined ? {} : { agent }),
    ...(stop === undefined ? {} : { signal: stop }),
    ...(typeof auth === 'string' ? { auth } : {}),
    headers: { ...(headers as Record<string, string>), accept: 'application/json' },
  };
  return {
    ok: true,
    value: {
      context,
      server: base,
      credentialsUntil: await expiry(options),
      stop,
      get: (path, limits) => exchange(new URL(`${base}${path}`), sent, limits),
      send: (method, path, body, limits) => {
        const text = JSON.stringify(body);
        const headers = {
          ...sent.headers,
          'content-type': 'application/json',
          // A DELETE would not say that it has a body.
          'content-length': Buffer.byteLength(text),
        };
        return exchange(new URL(`${base}${path}`), { ...sent, method, headers }, limits, text);
      },
      unproxied: cluster.proxyUrl === undefined ? new URL(`${base}/version`) : undefined,
    },
  };
}

/**
 * KUBECONFIG may name several files: as with kubectl, what the first of them says counts, and one that is not there counts as empty. The
 * library would take the last one's context, which is another cluster.
 */
function load(config: KubeConfig, another: () => KubeConfig): void {
  const named = (process.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length === 0) {
    config.loadFromDefault();
    return;
  }
  const files = named.filter((file) => existsSync(file));
  if (files.length === 0) throw new Error(`there is no ${named.join(', ')}`);
  const all = files.map((file) => {
    const one = another();
    one.loadFromFile(file);
    return one;
  });
  config.loadFromOptions({
    clusters: firstOfEach(all.flatMap(({ clusters }) => clusters)),
    contexts: firstOfEach(all.flatMap(({ contexts }) => contexts)),
    users: firstOfEach(all.flatMap(({ users }) => users)),
    currentContext: all.map(({ currentContext }) => currentContext).find(Boolean),
  });
}

const firstOfEach = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
  all.filter(({ name }, at) => all.findIndex((one) => one.name === name) === at);

/** A person may have to log in meanwhile. */
const CREDENTIALS_TIME = 60_000;

function within<T>(time: number, work: Promise<T>, stop: AbortSignal | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let stopped = () => {};
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no credentials within ${time / 1000} s`)), time);
    stopped = () => reject(new Error('stopped'));
    stop?.addEventListener('abort', stopped);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
    stop?.removeEventListener('abort', stopped);
  });
}

/** A signal of a time limit says so itself; any other one is somebody's. */
export const whyStopped = ({ reason }: AbortSignal): UnreadBecause =>
  (reason as Error | undefined)?.name === 'TimeoutError' ? 'timeout' : 'interrupted';

/** The date in a client certificate, or in a token that is a JWT (RFC 7519 section 4.1.4). Nothing else of either is kept. */
async function expiry({ cert, headers }: RequestOptions): Promise<number | undefined> {
  const bearer = (headers as Record<string, unknown>)?.Authorization;
  const [, payload] = /^Bearer [\w-]+\.([\w-]+)\./.exec(String(bearer ?? '')) ?? [];
  try {
    if (payload !== undefined) {
      const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp?: unknown };
      return typeof exp === 'number' && exp > 0 && exp < 1e11 ? exp * 1000 : undefined;
    }
    if (!(cert instanceof Buffer) && typeof cert !== 'string') return undefined;
    const { X509Certificate } = await import('node:crypto');
    const until = Date.parse(new X509Certificate(cert).validTo);
    return Number.isNaN(until) ? undefined : until;
  } catch {
    return undefined;
  }
}

const unread = (because: UnreadBecause, evidence: string): { ok: false; why: Unread } => ({
  ok: false,
  why: { because, what: 'the kubeconfig', evidence: [evidence] },
});

/**
 * An error's message without what it quotes: parsers show the place in the text, which may be a key or a token of the kubeconfig, or what
 * a program printed.
 */
function errorText(error: unknown): string {
  if (error instanceof SyntaxError) return 'what a program printed as credentials is not JSON';
  const { reason, mark, message } = error as Error & { reason?: string; mark?: { line?: number } };
  if (mark !== undefined) return `line ${(mark.line ?? 0) + 1} is not YAML: ${oneLine(reason)}`;
  return oneLine(message ?? String(error));
}
