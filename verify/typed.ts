/**
 * A command as one types it, with names that a cluster gave. Undefined if one of them holds anything that a shell would take for its own:
 * no Kubernetes name does, but what answers may not be Kubernetes.
 */
export const typed = (text: TemplateStringsArray, ...names: readonly string[]): string | undefined =>
  names.every((name) => /^[A-Za-z0-9][A-Za-z0-9._:/[\]=-]*$/.test(name))
    ? String.raw({ raw: text.raw }, ...names)
    : undefined;
