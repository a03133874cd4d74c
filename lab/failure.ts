/** A failed check. */
export interface FailedCheck {
  readonly kind:
    | 'address'
    | 'daemon'
    | 'session'
    | 'export'
    | 'route'
    | 'next-hop'
    | 'absent'
    | 'pair'
    | 'path'
    | 'hairpin'
    | 'mtu'
    | 'log';
  /** The machines it concerns, for the commands that inspect them. */
  readonly hosts: readonly string[];
  readonly message: string;
  /** The session that is not up, by its id. */
  readonly session?: string;
}

export const failedCheck = (
  kind: FailedCheck['kind'],
  hosts: readonly string[],
  message: string,
): FailedCheck => ({
  kind,
  hosts,
  message,
});
