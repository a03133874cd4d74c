import { withoutSecrets } from '../../topology/fault.ts';
import { isSameRepository } from '../../topology/repository-url.ts';
import type { Analysis } from '../analysis.ts';
import type { Found } from '../finding.ts';

/** What is around a topology, and not in it. */
export interface Surroundings {
  /** The URLs of the repository that it lies in, as its clone has them; none if that is not known. */
  readonly origins: readonly string[];
}

/** NE419: everything is merged here, and the engine syncs something else, or nothing. */
export function otherRepository({ fabric }: Analysis, { origins }: Surroundings): Found[] {
  const { repoURL } = fabric.gitops;
  const found = (message: string, evidence: readonly string[], fix: string): Found[] => [
    { id: 'NE419', severity: 'warning', path: ['gitops', 'repoURL'], message, evidence, fix },
  ];
  // RFC 2606 reserves it for names that do not exist. Others may, in somebody's own network.
  if (/^[a-z+]+:\/\/[^/]*\.invalid(:\d+)?\/|^[^/@]*@[^/:]*\.invalid:/i.test(repoURL)) {
    return found(
      'the engine is to read a repository that cannot exist',
      [`${repoURL} is a placeholder: no host has a name below .invalid`],
      'Write the URL of this repository, as the engine reads it, and render dist again.',
    );
  }
  const isOther =
    origins.length > 0 && origins.every((origin) => isSameRepository(repoURL, origin) === false);
  return isOther
    ? found(
        'the engine reads another repository than this one',
        [`it reads ${repoURL}`, ...origins.map((origin) => `this clone came from ${withoutSecrets(origin)}`)],
        'Correct gitops.repoURL and render dist again, or correct the clone: git remote set-url origin URL.',
      )
    : [];
}
