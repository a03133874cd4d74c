import { createHash } from 'node:crypto';
import { withNewerPins, withoutPins } from './pins.ts';
import { CDK8S_YAML } from './project-files.ts';
import { ownWorkflow, WORKFLOWS } from './workflows.ts';

/** The text of each of `WORKFLOWS`, as noencap's own repository has it. */
export type WorkflowSources = (file: (typeof WORKFLOWS)[number]) => string;

/**
 * The files of a repository that are noencap's, as this version writes them: they stay so as long as nobody edits them. Everything else
 * is the user's from the first day on.
 */
export const ownedFiles = (sourceOf: WorkflowSources): ReadonlyMap<string, string> =>
  new Map([
    ...WORKFLOWS.map((file): [string, string] => [`.github/workflows/${file}`, ownWorkflow(sourceOf(file))]),
    ['cdk8s.yaml', CDK8S_YAML],
  ]);

/** Where it is written down what noencap wrote, or offered, last: so an edit can be told from an older version. */
export const RECORD = '.noencap.json';

/** Path to hash, without the versions of actions. */
export type Recorded = Readonly<Record<string, string>>;

export const recordText = (owned: ReadonlyMap<string, string>): string =>
  `${JSON.stringify({ files: Object.fromEntries([...owned].map(([path, text]) => [path, hashOf(text)])) }, null, 2)}\n`;

const hashOf = (text: string): string => createHash('sha256').update(withoutPins(text)).digest('hex');

/** Reads it; undefined for what is no such record. */
export function parseRecord(text: string): Recorded | undefined {
  try {
    const { files } = JSON.parse(text) as { files?: unknown };
    const entries = typeof files === 'object' && files !== null ? Object.entries(files) : undefined;
    return entries?.every(([path, hash]) => isInside(path) && /^[0-9a-f]{64}$/.test(String(hash))) === true
      ? Object.fromEntries(entries as [string, string][])
      : undefined;
  } catch {
    return undefined;
  }
}

/** An upgrade removes what is recorded and no longer needed: nothing outside the repository, and nothing of git's. */
const isInside = (path: string): boolean =>
  /^[\w.-]+(\/[\w.-]+)*$/.test(path) && !path.split('/').some((part) => ['.', '..', '.git'].includes(part));

/** What an upgrade does with one file. */
export interface OwnedChange {
  readonly path: string;
  /**
   * `same`: nothing. `renew`, `add`: noencap writes `text`. `edited`: the user has changed it, and noencap has something new for it;
   * `removed`: the user has removed it, and stays without. `retire`: noencap has no use for it any more, and it is as noencap wrote it.
   */
  readonly does: 'same' | 'renew' | 'add' | 'edited' | 'removed' | 'retire';
  readonly before: string | undefined;
  readonly text: string | undefined;
}

/** `current`: the file as it is; undefined if there is none. */
export function upgradeOf(
  owned: ReadonlyMap<string, string>,
  recorded: Recorded,
  current: (path: string) => string | undefined,
): OwnedChange[] {
  const paths = [...new Set([...owned.keys(), ...Object.keys(recorded)])].sort();
  return paths.map((path) => {
    const before = current(path);
    const template = owned.get(path);
    const text = template !== undefined && before !== undefined ? withNewerPins(template, before) : template;
    return { path, before, text, does: fate(before, text, recorded[path]) };
  });
}

function fate(
  before: string | undefined,
  text: string | undefined,
  recorded: string | undefined,
): OwnedChange['does'] {
  if (before === text) return 'same';
  if (before === undefined) return recorded === undefined ? 'add' : 'removed';
  const isOurs = recorded !== undefined && hashOf(before) === recorded;
  if (text === undefined) return isOurs ? 'retire' : 'same';
  if (isOurs) return 'renew';
  // Edited, but noencap has offered nothing new since.
  return hashOf(text) === recorded ? 'same' : 'edited';
}
