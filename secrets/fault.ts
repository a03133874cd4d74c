import { printable } from '../topology/fault.ts';

/** What keeps a router from getting its password. It contains no secret: it names places, never their content. */
export interface SecretFault {
  readonly at: SecretPlace;
  readonly message: string;
  readonly fix: string;
}

/** A file, with line and column of its decrypted text; a path of the topology: `routers.e1.password`; a variable: `NOENCAP_AGE_KEY`. */
export type SecretPlace =
  | { readonly file: string; readonly line?: number; readonly column?: number }
  | { readonly path: string }
  | { readonly variable: string };

export const secretFaultText = ({ at, message, fix }: SecretFault): string =>
  `${printable(`${placeText(at)}: ${message}.`)}\n  ${printable(fix)}`;

/** `secrets.age:3:5`. */
function placeText(at: SecretPlace): string {
  if ('path' in at) return at.path;
  if ('variable' in at) return at.variable;
  return at.line === undefined ? at.file : `${at.file}:${at.line}:${at.column}`;
}
