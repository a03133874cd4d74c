import { type ProtocolState, protocolStates, UNRESOLVED, withUnresolved } from '../bird/answers/protocols.ts';
import { markOf, type RouterName } from '../fabric/index.ts';
import { faultOf, garbled, linesOf, type Outcome, readLines, type ScriptFailure, short } from './answer.ts';
import { type Inspection, parseInspection } from './inspection.ts';
import { type Release, tarOf } from './release.ts';
import type { Access, Line, Ran, RemoteCommand, Running } from './ssh/remote.ts';

/** What a router's script must know about the router. */
export interface RouterSettings {
  /** The folder of BIRD's main configuration file. */
  readonly configDir: string;
  readonly mode: 'include' | 'standalone';
  /** The name of the password file in that folder, if one is delivered. */
  readonly secret?: string;
  /** BIRD's main file, if BIRD was started with a relative path; otherwise BIRD itself reports it. */
  readonly main?: string;
  /** Absolute paths, if not the usual ones. */
  readonly birdc?: string;
  readonly socket?: string;
  /** Which router is meant: a machine that is a different one accepts nothing. Not checked if undefined. */
  readonly router?: Meant;
}

/** The router that is meant. Two of network, name and ID identify it, so that each one may change. */
export interface Meant extends RouterName {
  /** The constant in its bird.conf that sessions take the ID from. */
  readonly constant?: string;
}

/** A router's lock, held; commands of its holder need no further connection. */
export interface Lock extends Line {
  /** Sent with every command that changes something. */
  readonly owner: string;
  /** The owner of a lock left behind by a process or a boot that is gone. */
  readonly stale: string | undefined;
  /** Resolves when the connection that holds the lock ends. */
  readonly broken: Promise<ScriptFailure>;
  /** False if nothing has confirmed that it is released: it may live on at the router. */
  release(): Promise<boolean>;
}

/** The settings in the format of the script. */
export const settingsOf = (settings: RouterSettings): string[] => [
  ...fixedSettings(settings),
  ...(settings.router === undefined
    ? []
    : [
        `router=${markOf(settings.router)}${settings.router.constant === undefined ? '' : `/${settings.router.constant}`}`,
      ]),
];

/** The settings that a restricted account may not choose. */
export const fixedSettings = (settings: RouterSettings): string[] => [
  `config=${settings.configDir}`,
  `entry=${settings.mode === 'standalone' ? 'bird.conf' : 'k3s'}`,
  ...(settings.secret === undefined ? [] : [`secret=${settings.secret}`]),
  ...(settings.main === undefined ? [] : [`main=${settings.main}`]),
  ...(settings.birdc === undefined ? [] : [`birdc=${settings.birdc}`]),
  ...(settings.socket === undefined ? [] : [`socket=${settings.socket}`]),
];

/** The state of the router; `sysctls` are the kernel settings whose values are wanted. Changes nothing. */
export async function inspect(
  line: Line,
  settings: RouterSettings,
  sysctls: readonly string[] = [],
  stop?: AbortSignal,
): Promise<Outcome<Inspection>> {
  const asked = [...settingsOf(settings), ...sysctls.map((key) => `sysctl=${key}`)];
  return parseInspection(await line.run({ verb: 'inspect', settings: asked, args: [] }, undefined, stop));
}

/** The state of its BIRD's protocols. */
export const protocols = async (
  line: Line,
  settings: RouterSettings,
  stop?: AbortSignal,
): Promise<Protocols> => readProtocols(await line.run(protocolsOf(settings), undefined, stop));

/** The same at the time of the call: only the connection to the router is made now. */
export function protocolsLater(
  access: Access,
  settings: RouterSettings,
  stop?: AbortSignal,
): () => Promise<Protocols> {
  const started = access.start(protocolsOf(settings), 'ready', stop);
  return async () => {
    const ready = await started;
    return readProtocols(isRunning(ready) ? await ready.close(stop) : ready);
  };
}

type Protocols = Outcome<readonly ProtocolState[]>;

const protocolsOf = (settings: RouterSettings): RemoteCommand => ({
  verb: 'protocols',
  settings: settingsOf(settings),
  args: [],
});

function readProtocols(ran: Ran): Protocols {
  const answer = linesOf('protocols', ran);
  if (answer.failed !== undefined) return answer;
  const [ready, ...lines] = answer.done;
  if (ready?.key !== 'ready') return { failed: garbled('protocols', ready, 'line "ready"') };
  const other = lines.find(
    ({ key, value }) => key !== 'all' && !(key === 'unresolved' && UNRESOLVED.test(value)),
  );
  if (other !== undefined) return { failed: garbled('protocols', other, 'a line of BIRD') };
  const all = (key: string) => lines.filter((line) => line.key === key).map(({ value }) => value);
  return { done: withUnresolved(protocolStates(all('all').join('\n')), all('unresolved')) };
}

/** One live file of ours, to compare with what was shipped. */
export async function show(
  line: Line,
  settings: RouterSettings,
  path: string,
  stop?: AbortSignal,
): Promise<Outcome<string>> {
  const ran = await line.run({ verb: 'show', settings: settingsOf(settings), args: [path] }, undefined, stop);
  if (ran.code === 0) return { done: ran.stdout };
  const answer = linesOf('show', ran);
  return answer.failed === undefined ? { done: ran.stdout } : { failed: answer.failed };
}

/** Seconds of silence from the holder of a lock after which it is released: its line is dead, maybe without any notice. */
const SILENCE = 60;

/** Takes the router's lock. An owner that lost its line takes the lock again over another line, under the same name. */
export async function hold(
  access: Access,
  settings: RouterSettings,
  owner: string,
  { seconds = SILENCE, stop }: { seconds?: number; stop?: AbortSignal } = {},
): Promise<Outcome<Lock>> {
  const command: RemoteCommand = {
    verb: 'hold',
    settings: settingsOf(settings),
    args: [owner, String(seconds)],
  };
  const started = await access.start(command, 'held', stop);
  if (!isRunning(started)) {
    const answer = linesOf('hold', started);
    return { failed: answer.failed ?? garbled('hold', undefined, 'line "held"') };
  }
  const broken = started.ended.then(
    (ran): ScriptFailure => ({
      kind: 'lost',
      ...(ran.code === 0
        ? { code: 'lock', message: 'the lock of the router was lost', fix: 'Run it again.' }
        : faultOf('hold', ran)),
    }),
  );
  const beating = setInterval(() => started.beat(), (seconds * 1000) / 4);
  beating.unref();
  started.ended.then(() => clearInterval(beating));
  const stale = readLines(started.firstOutput).find(({ key }) => key === 'stale')?.value;
  return {
    done: {
      owner,
      stale,
      broken,
      run: started.run,
      release: async () => {
        clearInterval(beating);
        const { code } = await started.close();
        return code === 0;
      },
    },
  };
}

const isRunning = (started: Running | Ran): started is Running => 'ended' in started;

/** Puts a release beside the live files, and with it a copy of the configuration folder that uses the release. */
export const stage = (line: Line, settings: RouterSettings, lock: Lock, release: Release) =>
  answerTo(line, settings, lock, 'stage', [release.hash], 'staged', tarOf(release));

/** Makes the live files a release of their own, byte for byte, so that they can be restored. Returns its hash. */
export const adopt = (line: Line, settings: RouterSettings, lock: Lock) =>
  answerTo(line, settings, lock, 'adopt', [], 'adopted');

/** A release that BIRD rejects: its error, with the place in the release. */
export interface NotTaken extends ScriptFailure {
  readonly birdError?: string;
}

/** Lets BIRD read the staged release without running it, and proves that BIRD reads exactly that. */
export const check = (line: Line, settings: RouterSettings, lock: Lock, hash: string) =>
  answerTo(line, settings, lock, 'check', [hash], 'checked');

/** BIRD runs the release, and reverts by itself after `seconds`. Resolves with the seconds that are left. */
export async function apply(
  line: Line,
  settings: RouterSettings,
  lock: Lock,
  hash: string,
  seconds: number,
  stop?: AbortSignal,
): Promise<Taken<number>> {
  const args = [hash, String(seconds)];
  const answer = await answerTo(line, settings, lock, 'apply', args, 'pending', undefined, stop);
  if (answer.failed !== undefined) return answer;
  return { done: Number(answer.done) };
}

/** Ends the undo timer and, only if that was in time, puts the files in place: both in one command. */
export const confirm = (line: Line, settings: RouterSettings, lock: Lock, hash: string, stop?: AbortSignal) =>
  answerTo(line, settings, lock, 'confirm', [hash], 'shipped', undefined, stop);

/** BIRD runs the live files again. Returns the release that was undone, or `none`. */
export const undo = (line: Line, settings: RouterSettings, lock: Lock, stop?: AbortSignal) =>
  answerTo(line, settings, lock, 'undo', [], 'undone', undefined, stop);

/** Removes what was staged and not applied. */
export const discard = (line: Line, settings: RouterSettings, lock: Lock) =>
  answerTo(line, settings, lock, 'discard', [], 'discarded');

/** How a delivery that was cut off was completed. */
export type Settled =
  | { readonly what: 'nothing' }
  | { readonly what: 'shipped' | 'undone'; readonly hash: string };

/** Makes files and running configuration agree after a delivery that was cut off. */
export async function settle(
  line: Line,
  settings: RouterSettings,
  lock: Lock,
  stop?: AbortSignal,
): Promise<Outcome<Settled>> {
  const answer = await answerTo(line, settings, lock, 'settle', [], 'settled', undefined, stop);
  if (answer.failed !== undefined) return { failed: answer.failed };
  const [, what, hash] = /^(shipped|undone) ([0-9a-f]{16})$/.exec(answer.done) ?? [];
  if (answer.done === 'nothing') return { done: { what: 'nothing' } };
  if (hash === undefined) return { failed: garbled('settle', undefined, 'known result') };
  return { done: { what: what as 'shipped' | 'undone', hash } };
}

/** The form of the answers whose value is not the release that was asked for. */
const FORMS: Readonly<Record<string, RegExp>> = {
  pending: /^\d+(\.\d+)?$/,
  adopted: /^[0-9a-f]{16}$/,
  undone: /^([0-9a-f]{16}|none)$/,
  discarded: /^$/,
};
/** Lines that repeat the release that was asked for. */
const SAME = new Set(['staged', 'checked', 'shipped']);

type Taken<T> =
  | { readonly done: T; readonly failed?: never }
  | { readonly failed: NotTaken; readonly done?: never };

/** Runs a verb that changes something. Returns the value of the answer's line `key`. */
async function answerTo(
  line: Line,
  settings: RouterSettings,
  lock: Lock,
  verb: string,
  args: readonly string[],
  key: string,
  input?: Uint8Array,
  stop?: AbortSignal,
): Promise<Taken<string>> {
  const owned = [...settingsOf(settings), `owner=${lock.owner}`];
  const ran = await line.run({ verb, settings: owned, args }, input, stop);
  const answer = linesOf(verb, ran);
  if (answer.failed !== undefined) {
    const birdError = readLines(ran.stdout).find((line) => line.key === 'error')?.value;
    return {
      failed: birdError === undefined ? answer.failed : { ...answer.failed, birdError: short(birdError) },
    };
  }
  const entry = answer.done.find((one) => one.key === key);
  if (entry === undefined) return { failed: garbled(verb, undefined, `line "${key}"`) };
  const form = FORMS[key];
  if (form !== undefined && !form.test(entry.value))
    return { failed: garbled(verb, entry, 'an answer to it') };
  if (SAME.has(key) && entry.value !== args[0])
    return { failed: garbled(verb, entry, 'the release asked for') };
  return { done: entry.value };
}
