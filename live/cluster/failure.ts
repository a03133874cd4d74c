import { oneLine } from '../../bootstrap/trouble.ts';
import type { Unread, UnreadBecause } from '../../verify/cluster-look.ts';
import { type ServerClock, serverClock } from './clock.ts';
import { type Connection, whyStopped } from './connection.ts';
import type { Answer, NoAnswer } from './exchange.ts';

/** Why an exchange does not give what was asked for: everything but a 200. */
export async function failureOf(
  connection: Connection,
  what: string,
  answer: Answer | NoAnswer,
): Promise<Unread> {
  const because = (because: UnreadBecause, ...evidence: string[]): Unread => ({ because, what, evidence });
  if ('status' in answer) return refused(connection, what, answer);
  if (answer.is === 'late') return because('timeout', `no complete answer of ${connection.server} in time`);
  if (answer.is === 'too-large') return because('too-large', 'one answer is larger than noencap reads');
  const { code = '', message } = answer.error as NodeJS.ErrnoException;
  if (connection.stop?.aborted) return because(whyStopped(connection.stop));
  const said = oneLine(message);
  if (code === 'ETIMEDOUT') return because('timeout', said);
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const clock = connection.unproxied === undefined ? undefined : await serverClock(connection.unproxied);
    return { ...datesOf(clock, Date.now(), said), what };
  }
  // The server's own word on the client's certificate, where it judges that during the handshake.
  if (/ALERT_CERTIFICATE_EXPIRED/.test(code)) return because('credentials-expired', said);
  if (/ALERT_(BAD_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED)/.test(code))
    return because('unauthorised', said);
  if (UNTRUSTED.test(code)) return because('untrusted', said);
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('HPE_'))
    return because('not-understood', said);
  // kubectl would go through it.
  const ignored = Object.keys(process.env).filter((name) => /^https_proxy$/i.test(name));
  return because(
    'unreachable',
    said,
    ...ignored.map((name) => `${name} is set, and not used: only proxy-url of the kubeconfig is`),
  );
}

const UNTRUSTED =
  /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_TLS_CERT_ALTNAME_INVALID|CERT_(SIGNATURE_FAILURE|UNTRUSTED|REJECTED)|INVALID_(CA|PURPOSE)/;

/** Whether a certificate is outdated, or this machine's clock is wrong: the server's own clock tells. */
export function datesOf(clock: ServerClock | undefined, ours: number, said: string): Omit<Unread, 'what'> {
  if (clock === undefined) return { because: 'server-certificate-expired', evidence: [said] };
  const { from, until, now } = clock;
  const evidence = [said, `its certificate is valid from ${iso(from)} to ${iso(until)}`];
  if (now === undefined) return { because: 'server-certificate-expired', evidence };
  const isValidThere = from <= now && now <= until;
  return {
    because: isValidThere ? 'clock-skew' : 'server-certificate-expired',
    evidence: [...evidence, `the server's clock says ${iso(now)}`, `this machine's says ${iso(ours)}`],
  };
}

function refused(connection: Connection, what: string, answer: Answer): Unread {
  const { status, body, date } = answer;
  const said = statusMessage(body) ?? `HTTP ${status}`;
  const because = (because: UnreadBecause, ...evidence: string[]): Unread => ({ because, what, evidence });
  switch (status) {
    case 401: {
      const { credentialsUntil: until } = connection;
      const now = date ?? Date.now();
      return until !== undefined && until < now
        ? because('credentials-expired', said, `they were valid until ${iso(until)}`)
        : because('unauthorised', said);
    }
    case 403:
      return because('forbidden', said);
    case 404:
      // A server that is not Kubernetes says 404 too, but no Status.
      return statusMessage(body) === undefined && !/^404 page not found/.test(body)
        ? because('not-understood', said)
        : because('not-served', said);
    case 410:
      return because('changing', said);
    default:
      return status === 429 || status >= 500 ? because('busy', said) : because('not-understood', said);
  }
}

/** The message of a `Status`, which the API server answers with when it refuses. */
function statusMessage(body: string): string | undefined {
  try {
    const { kind, message } = JSON.parse(body) as { kind?: unknown; message?: unknown };
    return kind === 'Status' && typeof message === 'string' ? oneLine(message) : undefined;
  } catch {
    return undefined;
  }
}

/** To the second: a year of five digits, which a certificate may have, too. */
const iso = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
