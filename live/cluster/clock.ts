import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** What a server shows to anybody, in milliseconds. */
export interface ServerClock {
  /** The validity of its certificate. */
  readonly from: number;
  readonly until: number;
  /** Its clock, as it writes it into every answer. */
  readonly now: number | undefined;
}

const TIME = 5_000;

/**
 * Asks a server whose certificate was just refused for its dates, without trust, and so without credentials: evidence for why it was
 * refused, and nothing else.
 */
export function serverClock(url: URL): Promise<ServerClock | undefined> {
  return new Promise((resolve) => {
    const asked = request(url, { agent: false, rejectUnauthorized: false }, (answer) => {
      const { valid_from, valid_to } = (answer.socket as TLSSocket).getPeerCertificate();
      const [from, until, now] = [valid_from, valid_to, answer.headers.date ?? ''].map(Date.parse);
      const isDated = from !== undefined && until !== undefined && !Number.isNaN(from + until);
      end(isDated ? { from, until, now: Number.isNaN(now) ? undefined : now } : undefined);
    });
    const timer = setTimeout(() => end(undefined), TIME);
    const end = (clock: ServerClock | undefined): void => {
      clearTimeout(timer);
      resolve(clock);
      asked.destroy();
    };
    asked.on('error', () => end(undefined));
    asked.end();
  });
}
