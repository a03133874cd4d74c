import { rmSync } from 'node:fs';
import { replaceFile } from '../repository/replace-file.ts';
import { readIfThere } from '../repository/trust-files.ts';
import {
  askedVersion,
  type OwnedChange,
  ownedFiles,
  parseRecord,
  RECORD,
  recordText,
  upgradeOf,
  type Versions,
  withPackagePins,
} from '../start/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { workflowSource } from './init-repository.ts';
import { patch } from './patch.ts';
import { type Refusal, refuse } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';
import { versions } from './versions.ts';

export interface UpgradeOptions {
  /** Write nothing; exit 1 if there is something to write or to say. */
  readonly check: boolean;
}

const PACKAGE = 'package.json';

/** Renews what noencap owns in the repository of the working folder, and shows how. */
export function upgrade(options: UpgradeOptions, terminal: Terminal): ExitCode {
  const ours = versions();
  const before = current(PACKAGE);
  const wrong = unfit(before, ours);
  if (wrong !== undefined) return refuse(wrong, terminal);
  const recorded = recordIn(current(RECORD));
  if (recorded === undefined)
    return refuse(
      {
        code: 'file',
        message: `${RECORD} cannot be read`,
        fix: `Restore it from git; without it every file counts as edited: rm ${RECORD}`,
      },
      terminal,
    );
  const owned = ownedFiles(workflowSource);
  const changes = [...upgradeOf(owned, recorded, current), packageChange(before ?? '', ours)];
  const news = changes.filter(({ does }) => does !== 'same' && does !== 'removed');
  const record = recordText(owned);
  if (!options.check) {
    for (const change of news) apply(change);
    if (current(RECORD) !== record) replaceFile(RECORD, record);
  }
  report(changes, ours, options, terminal);
  return options.check && news.length > 0 ? EXIT.doesNotHold : EXIT.fine;
}

function unfit(packageJson: string | undefined, ours: Versions): Refusal | undefined {
  const asked = packageJson === undefined ? undefined : askedVersion(packageJson);
  if (asked === undefined)
    return {
      code: 'file',
      message: `noencap is no dependency of this folder's ${PACKAGE}`,
      fix: 'Run it at the root of a repository that noencap init made. docs/upgrade-noencap.md says how to move a clone of noencap.',
    };
  // A tarball, a branch or a range is whatever is installed, which runs here.
  return asked === ours.noencap || !/^\d+\.\d+\.\d+/.test(asked)
    ? undefined
    : {
        code: 'file',
        message: `${PACKAGE} asks for noencap ${asked}, and this is ${ours.noencap}`,
        fix: `Install what it asks for, or ask for this one: npm install --save-exact noencap@${ours.noencap}`,
      };
}

/** Without a record, nobody knows what noencap wrote: nothing is. */
const recordIn = (text: string | undefined) => (text === undefined ? {} : parseRecord(text));

const current = (path: string): string | undefined => readIfThere(path)?.toString('utf8');

function packageChange(before: string, ours: Versions): OwnedChange {
  const text = withPackagePins(before, ours) ?? before;
  return { path: PACKAGE, does: text === before ? 'same' : 'renew', before, text };
}

function apply({ path, does, text }: OwnedChange): void {
  if (does === 'retire') rmSync(path);
  else if (does !== 'edited' && text !== undefined) replaceFile(path, text);
}

/** What is said of a file, as done and as to be done. */
const WORDS: Readonly<Record<OwnedChange['does'], readonly [done: string, toDo: string]>> = {
  same: ['', ''],
  renew: ['renewed', 'to be renewed'],
  add: ['added', 'to be added'],
  retire: [
    'removed: noencap has no use for it any more',
    'to be removed: noencap has no use for it any more',
  ],
  edited: ['yours, left as it is; apply this by hand, if you want it', 'yours; this can be applied by hand'],
  removed: ['not there, and left out', 'not there, and left out'],
};

function report(
  changes: readonly OwnedChange[],
  { noencap }: Versions,
  { check }: UpgradeOptions,
  terminal: Terminal,
): void {
  const told = changes.filter(({ does }) => does !== 'same');
  const news = told.filter(({ does }) => does !== 'removed');
  const diffOf = ({ path, before, text, does }: OwnedChange) =>
    does === 'removed' ? undefined : patch(path, before, does === 'retire' ? undefined : text);
  if (terminal.json) {
    terminal.print(
      documentOf(check ? 'upgrade --check' : 'upgrade', {
        ok: !check || news.length === 0,
        noencap,
        files: changes.flatMap((change) => {
          const { path, does } = change;
          return does === 'same' ? [] : [{ path, does, diff: diffOf(change) }];
        }),
      }),
    );
    return;
  }
  for (const change of told) {
    terminal.say(`${change.path}: ${WORDS[change.does][check ? 1 : 0]}`);
    const diff = diffOf(change);
    if (diff !== undefined) terminal.print(diff);
  }
  if (news.length === 0)
    terminal.say(`Everything that noencap ${noencap} owns here is as it writes it, or yours.`);
  else if (check) terminal.complain(`${counted(news.length, 'file')} to look at. Run: ${NOENCAP} upgrade`);
  else terminal.say(next(changes));
}

const next = (changes: readonly OwnedChange[]): string =>
  [
    'Look at git diff, then commit it with what this version renders:',
    ...(changes.some(({ path, does }) => path === PACKAGE && does === 'renew') ? ['  npm install'] : []),
    `  npm run synth && ${NOENCAP} diff`,
  ].join('\n');
