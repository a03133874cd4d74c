import type { Fabric, Session } from './fabric.ts';

/**
 * The settings on which both ends of a session must agree, as one text: a peer accepts an OPEN only from the address, with the
 * AS number (RFC 4271 section 6.2) and with the password that it expects. During a delivery one end may have the change and the other not.
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
