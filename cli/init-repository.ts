import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CARRIED } from '../calico/releases.ts';
import { outputOf } from '../machine/index.ts';
import {
  abandon,
  type Committed,
  commitAll,
  type Ground,
  groundAt,
  type StartFiles,
  settle,
  stage,
} from '../repository/new-repository.ts';
import { render } from '../repository/render.ts';
import { startFiles } from '../start/index.ts';
import { shellWord } from '../topology/shell-word.ts';
import { type Beginning, movedBeginning, newBeginning } from './beginning.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { interruptible } from './interruptible.ts';
import type { Said } from './questions.ts';
import { refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';
import { versions } from './versions.ts';

export interface InitOptions extends Said {
  /** A clone of noencap's own repository whose network moves here. */
  readonly from?: string | undefined;
  /** Run npm, which also writes package-lock.json. */
  readonly install: boolean;
}

/** Makes a repository that noencap is a dependency of. Whatever goes wrong, there is all of it or nothing. */
export async function initRepository(
  folder: string,
  options: InitOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const ground = groundAt(folder);
  if ('message' in ground) return refuse({ code: 'file', ...ground }, terminal);
  const { from, install } = options;
  const beginning =
    from === undefined
      ? await newBeginning(ground, saidIn(options), terminal)
      : await movedBeginning(from, terminal);
  if (typeof beginning === 'number') return beginning;
  const { files, dist } = contentOf(beginning);
  const { stop, release } = interruptible(
    'Stopping. Nothing will be left.',
    terminal,
    () => `${ground.staged} is left. Remove it.`,
  );
  try {
    stage(ground, files, dist);
    const packages = install ? await installed(ground) : 'none was asked for (--no-install)';
    // A signal is only heard between two steps.
    await new Promise(setImmediate);
    if (stop.aborted) {
      abandon(ground);
      const fix = 'Run it again.';
      return refuse(
        { code: 'usage', message: 'Interrupted: nothing was written', fix },
        terminal,
        EXIT.doesNotHold,
      );
    }
    // A clone of an empty repository has its .git where the files are to be.
    const early = ground.state === 'cloned' ? undefined : commitAll(ground.staged, FIRST_COMMIT);
    settle(ground);
    const git = early ?? commitAll(ground.folder, FIRST_COMMIT);
    return report({ folder, count: files.size + dist.size, beginning, packages, git }, terminal);
  } catch (error) {
    abandon(ground);
    throw error;
  } finally {
    release();
  }
}

/** Of the options, which are more. */
const saidIn = ({ name, sites, link, engine, router, repoUrl }: Said): Said => ({
  name,
  sites,
  link,
  engine,
  router,
  repoUrl,
});

const FIRST_COMMIT = 'Start with what noencap init wrote';

function contentOf({ topology, input, beside, repoURL }: Beginning): {
  files: StartFiles;
  dist: ReadonlyMap<string, string>;
} {
  const start = startFiles({
    topology,
    fabric: input.fabric,
    repoURL,
    versions: versions(),
    carried: CARRIED,
    workflow: workflowSource,
  });
  return {
    files: new Map<string, string | Uint8Array>([...start, ...beside]),
    dist: render(input.fabric, input.operatorManifest).files,
  };
}

/** A workflow of noencap itself, beside the program that runs: the package has it where the repository has it. */
export function workflowSource(file: string): string {
  const root = dirname(dirname(realpathSync(process.argv[1] ?? '.')));
  return readFileSync(join(root, '.github', 'workflows', file), 'utf8');
}

/** Undefined when npm has done its work; else why it has not. */
async function installed({ staged }: Ground): Promise<string | undefined> {
  const words = [
    'install',
    '--prefix',
    staged,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const { code, stderr } = await outputOf('npm', words, { seconds: 600, bytes: 4 * 1024 * 1024 });
  if (code === 0) return undefined;
  const said = stderr
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .find((line) => line !== '' && !/^code /.test(line));
  return said ?? 'npm does not say why';
}

interface Made {
  readonly folder: string;
  readonly count: number;
  readonly beginning: Beginning;
  readonly packages: string | undefined;
  readonly git: Committed;
}

function report({ folder, count, beginning, packages, git }: Made, terminal: Terminal): ExitCode {
  const { title, repoURL } = beginning;
  if (terminal.json) {
    terminal.print(
      documentOf('init', {
        ok: true,
        file: join(folder, 'topology.yaml'),
        repository: {
          folder,
          files: count,
          ...(repoURL === undefined ? {} : { repoURL }),
          packages: packages === undefined ? 'installed' : 'not installed',
          commit: git.is,
          notes: [packages, git.is === 'committed' ? undefined : git.why].flatMap((why) => why ?? []),
        },
      }),
    );
    return EXIT.fine;
  }
  terminal.say(
    [
      `${folder}: ${title}, ${count} files`,
      `  packages  ${packages === undefined ? 'installed' : `not installed: ${packages}`}`,
      `  git       ${gitText(git)}`,
      `  repoURL   ${repoURL ?? 'not known yet: `check` says where to write it (NE419)'}`,
      ...next({ folder, packages, git }).map((line, index) =>
        index === 0 ? `Next: ${line}` : `      ${line}`,
      ),
    ].join('\n'),
  );
  return EXIT.fine;
}

function gitText(git: Committed): string {
  if (git.is === 'committed') return 'a first commit on main';
  return git.is === 'staged'
    ? `all files are staged, not committed: ${git.why}`
    : `no repository: ${git.why}`;
}

/** What is left to do, as one types it. */
function next({ folder, packages, git }: Pick<Made, 'folder' | 'packages' | 'git'>): string[] {
  return [
    `cd ${/^[\w./~-]+$/.test(folder) ? folder : shellWord(folder)}`,
    ...(packages === undefined ? [] : ["npm install             # writes npm's lock file, too: commit it"]),
    ...(git.is === 'without git' ? ['git init -b main && git add . && git commit'] : []),
    ...(git.is === 'staged' ? ["git commit -m 'Start'"] : []),
    'npm run check           # then replace names and addresses in topology.yaml with yours: npm run synth',
  ];
}
