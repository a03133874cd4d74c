import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { SshTarget } from '../../../delivery/ssh/ssh.ts';
import type { Sshd } from './sshd.ts';

/** A machine at the router's address that misbehaves. */
export interface Odd {
  readonly target: SshTarget;
  end(): Promise<void>;
}

/** Accepts connections, and does this with each. Its host key is pinned as the router's. */
export async function listener({ target, folder }: Sshd, talk: (client: Socket) => void): Promise<Odd> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    talk(client);
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const knownHosts = join(folder, `known_hosts-${port}`);
  writeFileSync(knownHosts, readFileSync(target.knownHosts, 'utf8').replace(/:\d+ /, `:${port} `));
  return {
    target: { ...target, port, knownHosts },
    end: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
}

/** Relays a connection, but only this many bytes from the router: then it goes silent without closing. */
export const silentAfter = (bytes: number, sshd: Sshd): Promise<Odd> =>
  listener(sshd, (client) => {
    const router = connect(sshd.target.port, '127.0.0.1');
    router.on('error', () => {});
    client.on('close', () => router.destroy());
    client.on('data', (chunk) => router.write(chunk));
    let left = bytes;
    router.on('data', (chunk) => {
      if (left > 0) client.write(chunk.subarray(0, left));
      left -= chunk.length;
    });
  });
