import type { PasswordReference, Router } from '../topology/model.ts';

/**
 * The name of a router's password file if it is directly in BIRD's folder: then it is delivered, checked, confirmed and
 * undone with the rest. Undefined if there is none, or if its owner keeps it elsewhere and maintains it.
 */
export function deliveredPassword(router: {
  readonly bird: Pick<Router['bird'], 'configDir'>;
  readonly password: PasswordReference | undefined;
}): string | undefined {
  const { bird, password } = router;
  if (password === undefined || !password.file.startsWith(`${bird.configDir}/`)) return undefined;
  const name = password.file.slice(bird.configDir.length + 1);
  return name.includes('/') ? undefined : name;
}
