import type { Fabric } from '../fabric/index.ts';
import { githubOwner } from '../topology/repository-url.ts';
import { ownedFiles, RECORD, recordText, type WorkflowSources } from './owned.ts';
import {
  codeOwners,
  EXAMPLE_CHART,
  GITATTRIBUTES,
  GITIGNORE,
  KNOWN_HOSTS,
  MAIN,
  NPMRC,
  packageJson,
  renovate,
  TSCONFIG,
  type Versions,
} from './project-files.ts';
import { readme } from './readme.ts';

export interface Start {
  readonly topology: string;
  /** What it describes. */
  readonly fabric: Fabric;
  /** Undefined where it is a placeholder. */
  readonly repoURL: string | undefined;
  readonly versions: Versions;
  /** Releases of Calico that noencap carries, the newest last. */
  readonly carried: readonly string[];
  readonly workflow: WorkflowSources;
}

/** Every file of a new repository but dist/, which the topology renders to. */
export function startFiles(start: Start): ReadonlyMap<string, string> {
  const owned = ownedFiles(start.workflow);
  const owner = start.repoURL === undefined ? undefined : githubOwner(start.repoURL);
  return new Map<string, string>([
    ['.github/CODEOWNERS', codeOwners(owner)],
    ['.gitattributes', GITATTRIBUTES],
    ['.gitignore', GITIGNORE],
    ['.npmrc', NPMRC],
    ['README.md', readme(start.fabric)],
    ['charts/network-facts.ts', EXAMPLE_CHART],
    ['known_hosts', KNOWN_HOSTS],
    ['main.ts', MAIN],
    ['package.json', packageJson(start.fabric.name, start.versions)],
    ['topology.yaml', start.topology],
    ['renovate.json', renovate(start.carried)],
    ['tsconfig.json', TSCONFIG],
    ...owned,
    [RECORD, recordText(owned)],
  ]);
}
