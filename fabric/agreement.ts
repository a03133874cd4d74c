import type { Fabric, Session } from './fabric.ts';

/**
 * What both ends of a session must have alike to understand each other, as one text: a peer takes an OPEN only from the address, with the
 * AS number (RFC 4271 section 6.2) and with the password that it expects. While a change is delivered one end may have it and the other not.
 */
export function agreement({ routers }: Fabric): (session: Session) => string {
  const passwords = new Map(
    routers.map(({ name, password }) => [
      name,
      password === undefined ? '' : `${password.secret.name}/${password.secret.key}`,
    ]),
  );
  return ({ kind, ends, transport, carries }) =>
    [
      transport,
      carries.join(),
      ...ends.map(({ speaker, address, asNumber }) => `${speaker} ${address.text} ${asNumber}`),
      kind === 'reflector' ? (passwords.get(ends[0].speaker) ?? '') : '',
    ].join('\n');
}
