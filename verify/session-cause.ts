import type { ProtocolState } from '../bird/answers/protocols.ts';
import type { ExpectedSession } from '../delivery/gate/expected.ts';
import type { Cause } from './verdict.ts';

/** What is known of a session that is down, seen from one end. */
export interface DownSession extends ExpectedSession {
  readonly is: ProtocolState;
  /** Both ends use a password. */
  readonly hasPassword: boolean;
  /** The same session at its other end: undefined if nobody looked there, null if that end has none. */
  readonly there: ProtocolState | null | undefined;
}

/** What kind of fault it is, which decides where to look next. */
export type Suspect =
  | 'as'
  | 'password'
  /** The other end runs, and has no such session. */
  | 'unconfigured'
  /** Nothing listens at the other end. */
  | 'not-running'
  | 'stopped-here'
  | 'stopped-there'
  | 'path'
  | 'silent'
  | 'limit';

export interface SessionCause extends Cause {
  readonly suspect: Suspect;
}

/**
 * The likely cause, from BIRD's own last error and the other end's. The words are those of BIRD's bgp_last_errmsg and
 * bgp_error_dsc (proto/bgp/bgp.c, packets.c), with the system's own after `Socket: `. BIRD keeps the error of the last loss, so it may be older
 * than the state: evidence has both.
 */
export function sessionCause(session: DownSession): SessionCause | undefined {
  const { is, there } = session;
  const stay = is.bgp?.routesStay;
  const evidence = [
    ...said('', is),
    ...(stay === undefined
      ? []
      : [`its routes stay for ${stay} s more: it may be restarting (graceful restart)`]),
    ...(there === null
      ? [`${session.remote.speaker} has no session with ${local(session)}`]
      : said(`at ${session.remote.speaker} `, there)),
  ];
  const found =
    byOtherEnd(session) ??
    (stay === undefined ? undefined : restarting(session)) ??
    RULES.find(([pattern]) => pattern.test(is.bgp?.error ?? ''))?.[1](session) ??
    byState(session);
  return found === undefined ? undefined : { ...found, evidence };
}

type Named = Omit<SessionCause, 'evidence'>;

const said = (where: string, one: ProtocolState | undefined): string[] =>
  one?.bgp === undefined
    ? []
    : [
        `${where}BGP state: ${one.bgp.state || one.state}`,
        ...(one.bgp.error === '' ? [] : [`${where}Last error: ${one.bgp.error}`]),
      ];

const local = ({ session, remote }: ExpectedSession): string =>
  session.ends.find(({ speaker }) => speaker !== remote.speaker)?.speaker ?? '';

/** The two ends explain each other best. */
function byOtherEnd(one: DownSession): Named | undefined {
  const who = one.remote.speaker;
  if (one.there === null) {
    return {
      suspect: 'unconfigured',
      message: `${who} does not have this session: its configuration is another one`,
    };
  }
  if (one.there?.state === 'down') {
    return { suspect: 'stopped-there', message: `somebody disabled the protocol at ${who}` };
  }
  if (/^BGP Error: Bad peer AS/.test(one.there?.bgp?.error ?? '')) {
    return { suspect: 'as', message: `${who} accepts another AS number than that of ${local(one)}` };
  }
  return undefined;
}

const RULES: readonly (readonly [RegExp, (one: DownSession) => Named])[] = [
  [
    /^BGP Error: Bad peer AS/,
    ({ remote }) => ({
      suspect: 'as',
      message: `${remote.speaker} has another AS number than ${remote.asNumber}`,
    }),
  ],
  [
    /^Received: Bad peer AS/,
    (one) => ({ suspect: 'as', message: `${one.remote.speaker} expects another AS number of ${local(one)}` }),
  ],
  [
    /Bad BGP identifier/,
    (one) => ({
      suspect: 'as',
      message: `${local(one)} and ${one.remote.speaker} have the same router ID, or one that BGP does not accept`,
    }),
  ],
  [
    /Kernel MD5 auth failed/,
    () => ({ suspect: 'password', message: 'the kernel does not take the password of this session' }),
  ],
  [
    /Authentication failure/,
    () => ({ suspect: 'password', message: 'the two ends do not have the same password' }),
  ],
  [
    /^Received: (Administrative shutdown|Administrative reset)/,
    ({ remote }) => ({
      suspect: 'stopped-there',
      message: `somebody stopped the session at ${remote.speaker}`,
    }),
  ],
  [
    /^Received: (Peer de-configured|Connection rejected)/,
    (one) => ({
      suspect: 'unconfigured',
      message: `${one.remote.speaker} has no peer ${ownAddress(one)} in its configuration any more`,
    }),
  ],
  [
    /^Socket: Connection refused/,
    (one) => ({
      suspect: 'not-running',
      message: `nothing listens for BGP at ${one.remote.address.text}: BIRD does not run there, or a firewall refuses`,
    }),
  ],
  [
    /^Socket: Connection (closed|reset by peer)/,
    (one) => ({
      suspect: 'unconfigured',
      message: `${one.remote.address.text} accepts the connection and closes it: it has no peer ${ownAddress(one)}`,
    }),
  ],
  [
    /^Socket: (No route to host|Network is unreachable|Host is unreachable)/,
    (one) => ({
      suspect: 'path',
      message: `${one.remote.address.text} cannot be reached: no machine has the address, no route leads there, or a firewall rejects`,
    }),
  ],
  [
    /^Socket: (Permission denied|Operation not permitted)/,
    (one) => ({
      suspect: 'path',
      message: `${local(one)} itself does not let BGP out to ${one.remote.address.text}: a firewall, or a route that prohibits it`,
    }),
  ],
  [/^(BGP Error: Hold timer expired|Socket: (Connection|Operation) timed out)/, silence],
  [/Hold timer expired/, silence],
  [
    /^(Automatic shutdown: Route limit exceeded|Received: Maximum number of prefixes reached)/,
    () => ({ suspect: 'limit', message: 'more routes came than the limit of this session allows' }),
  ],
  [
    /(Unacceptable hold time|Required capability missing|No supported AFI\/SAFI)/,
    ({ remote }) => ({
      suspect: 'unconfigured',
      message: `${remote.speaker} is configured for another kind of session`,
    }),
  ],
  [/(Link down|Neighbor lost|BFD session down)/, (one) => ({ ...silence(one), suspect: 'path' })],
  [/No listening socket/, () => ({ suspect: 'stopped-here', message: 'BIRD could not open its BGP port' })],
];

/** TCP MD5 (RFC 2385): a segment with a wrong signature is dropped without a word, so a wrong password is silence too. */
function silence(one: DownSession): Named {
  const to = one.remote.address.text;
  return one.hasPassword
    ? {
        suspect: 'password',
        message: `nothing comes from ${to}: the passwords of the two ends differ, a firewall drops BGP, or the machine is down`,
      }
    : {
        suspect: 'silent',
        message: `nothing comes from ${to}: the machine is down, or a firewall drops BGP`,
      };
}

function byState(one: DownSession): Named | undefined {
  const { is } = one;
  if (is.state === 'down') return { suspect: 'stopped-here', message: 'somebody disabled the protocol' };
  if (is.bgp?.state === 'Connect') return silence(one);
  return undefined;
}

/** Packets go to the machine meanwhile, whether it forwards them or not. */
const restarting = ({ remote }: DownSession): Named => ({
  suspect: 'not-running',
  message: `${remote.speaker} restarts its BGP, or has died: packets still go there`,
});

const ownAddress = ({ session, remote }: ExpectedSession): string =>
  session.ends.find(({ speaker }) => speaker !== remote.speaker)?.address.text ?? '';
