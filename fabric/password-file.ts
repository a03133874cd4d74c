import type { PasswordReference, Router } from '../topology/model.ts';

/**
 * The name of a router's password file, where it lies directly in BIRD's folder: then it is delivered, checked, confirmed and
 * undone with all else. Undefined where there is none, or where its owner keeps it elsewhere and looks after it.
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
