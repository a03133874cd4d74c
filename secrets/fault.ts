import { printable } from '../topology/fault.ts';

/** What keeps a router from getting its password. It contains no secret: it names places, never their content. */
export interface SecretFault {
  /** `routers.e1.password`, `secrets.age`, `secrets.age:3:5` (line and column of the decrypted text), `NOENCAP_AGE_KEY`. */
  readonly at: string;
  readonly message: string;
  readonly fix: string;
}

export const secretFaultText = ({ at, message, fix }: SecretFault): string =>
  `${printable(`${at}: ${message}.`)}\n  ${printable(fix)}`;
