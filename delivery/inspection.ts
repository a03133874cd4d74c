import { type ProtocolState, protocolStates, UNRESOLVED, withUnresolved } from '../bird/answers/protocols.ts';
import type { Drained } from '../fabric/index.ts';
import { type AnswerLine, garbled, linesOf, type Outcome, short } from './answer.ts';
import type { RouterFault } from './fault.ts';
import { Hidden } from './hidden.ts';
import { hashOf, manifestOf } from './release.ts';
import type { Ran } from './ssh/remote.ts';

/** The last action in the state file: a delivery that was cut off is `applying` or `confirming`. */
export interface RouterState {
  readonly what: 'shipped' | 'applying' | 'confirming';
  readonly hash: string;
}

/** The state of a router. */
export interface Inspection {
  readonly birdVersion: string;
  /** BIRD's main configuration file. */
  readonly main: string;
  /** Why this may not be the router that is meant. */
  readonly stranger: RouterFault | undefined;
  /** Its mark, if that dates from before the router was renamed or got a new ID. */
  readonly formerly: string | undefined;
  /** Since when traffic is kept away from it, and by whom; undefined if it is not. */
  readonly drained: Drained | undefined;
  /** BIRD's error for the live files, if it would reject them. */
  readonly liveError: string | undefined;
  /** No reconfiguration is in progress. */
  readonly settled: boolean;
  /** An unconfirmed change, ours or not: seconds until BIRD undoes it. */
  readonly pending: number | undefined;
  /** The holder of the lock. */
  readonly holder: string | undefined;
  readonly writable: boolean;
  readonly diskKb: number;
  /** Undefined where the file system does not count them. */
  readonly inodes: number | undefined;
  readonly state: RouterState | undefined;
  /** The release that the live files belong to, as it was shipped: path to sha256. */
  readonly live: { readonly hash: string; readonly manifest: ReadonlyMap<string, string> } | undefined;
  readonly entries: ReadonlyMap<string, 'linked' | 'real' | 'missing'>;
  /** The live files as they are now: path to sha256. */
  readonly files: ReadonlyMap<string, string>;
  /** The first line of the live password file, which keeps its hash from revealing the password. */
  readonly salt: Hidden | undefined;
  /** Live files with names that no release can have. */
  readonly odd: readonly string[];
  /** Includes that would read the live files instead of a staged copy. */
  readonly absoluteIncludes: readonly { readonly place: string; readonly path: string }[];
  /** The release that BIRD runs because of a timed commit; undefined if it has read the live files since. */
  readonly running: string | undefined;
  readonly sysctls: ReadonlyMap<string, string>;
  readonly protocols: readonly ProtocolState[];
}

/** Reads the answer to `inspect`. Each line must be one that the script can write; nothing is guessed. */
export function parseInspection(ran: Ran): Outcome<Inspection> {
  const answer = linesOf('inspect', ran);
  if (answer.failed !== undefined) {
    // An older program does not know the settings it is given. Up to protocol 5 it says so in words only.
    const isOlder = answer.failed.kind === 'misused' && answer.failed.code === 'answer';
    return isOlder ? otherProgram('an older protocol') : answer;
  }
  const lines = answer.done;
  const protocol = lines.find(({ key }) => key === 'protocol')?.value;
  if (protocol !== undefined && protocol !== PROTOCOL) return otherProgram(`protocol ${protocol}`);
  const wrong = lines.find((line) => !isKnown(line));
  if (wrong !== undefined) return { failed: garbled('inspect', wrong, 'a valid line') };
  const all = (key: string) => lines.filter((line) => line.key === key).map(({ value }) => value);
  const first = (key: string) => all(key)[0];
  const missing = ONCE.find((key) => all(key).length !== 1);
  if (missing !== undefined) return { failed: garbled('inspect', undefined, `single line "${missing}"`) };

  const manifest = new Map(all('manifest').map(hashAndPath));
  const live = first('live');
  if (live !== undefined && hashOf(manifestOf(manifest)) !== live) {
    const message = `the manifest of release ${live} on the router was changed`;
    const fix = 'Adopt the live files with --accept-drift, then ship again.';
    return { failed: { kind: 'refused', code: 'drift', message, fix } };
  }
  const [what, hash = ''] = first('state')?.split(' ') ?? [];
  return {
    done: {
      birdVersion: first('bird') ?? '',
      main: first('main') ?? '',
      stranger: strangerOf(first('stranger'), first('stranger-fix')),
      formerly: first('formerly'),
      drained: drainedOf(first('drained')),
      liveError: first('live-check') === 'ok' ? undefined : short(first('live-check') ?? ''),
      settled: first('settled') === 'yes',
      pending: optionalNumber(first('pending')),
      holder: first('holder'),
      writable: first('writable') === 'yes',
      diskKb: Number(first('disk')),
      inodes: optionalNumber(first('inodes')),
      state: what === undefined ? undefined : { what: what as RouterState['what'], hash },
      live: live === undefined ? undefined : { hash: live, manifest },
      entries: new Map(
        all('entry').map((value) => value.split(' ') as [string, 'linked' | 'real' | 'missing']),
      ),
      files: new Map(all('file').map(hashAndPath)),
      salt: all('salt').map((text) => new Hidden(text))[0],
      odd: all('odd'),
      absoluteIncludes: all('absolute').map((value) => {
        const space = value.indexOf(' ');
        return { place: value.slice(0, space), path: value.slice(space + 1) };
      }),
      running: first('running'),
      sysctls: new Map(
        all('sysctl').map((value) => {
          const [key = '', ...rest] = value.trim().split(/\s+/);
          return [key, rest.join(' ')];
        }),
      ),
      protocols: withUnresolved(protocolStates(all('all').join('\n')), all('unresolved')),
    },
  };
}

const strangerOf = (message: string | undefined, fix = 'Fix ssh.host and ssh.port of the router.') =>
  message === undefined ? undefined : { code: 'identity' as const, message: short(message), fix: short(fix) };

const drainedOf = (text: string | undefined): Drained | undefined => {
  const [since = '', by = ''] = text?.split(' ') ?? [];
  return text === undefined ? undefined : { since, by: short(by, 100) };
};

const otherProgram = (speaks: string): Outcome<never> => ({
  failed: {
    kind: 'refused',
    code: 'usage',
    message: `its account runs the program of another noencap version (${speaks}; this one speaks protocol ${PROTOCOL})`,
    fix: 'Set the account up again with ship --setup.',
  },
});

/** The protocol version in the script's first line, raised whenever older and newer ends would misunderstand each other. */
const PROTOCOL = '7';

const HASH = '[0-9a-f]{16}';
const FILE = /^[0-9a-f]{64} [^\s/][^\s]*$/;

const ONCE = ['protocol', 'bird', 'main', 'live-check', 'settled', 'writable', 'disk', 'inodes'];

/** The lines that `inspect` writes. */
const FORMS: Readonly<Record<string, RegExp>> = {
  protocol: /^\d+$/,
  bird: /^\d+\.\d+\S*$/,
  main: /^\/\S+$/,
  'live-check': /^.+$/,
  stranger: /^.+$/,
  'stranger-fix': /^.+$/,
  formerly: /^[A-Za-z0-9./-]+$/,
  drained: /^\S+ \S+$/,
  settled: /^(yes|no)$/,
  pending: /^(\d+(\.\d+)?|unknown)$/,
  holder: /^\S+$/,
  writable: /^(yes|no)$/,
  disk: /^\d+$/,
  inodes: /^(\d+|-)$/,
  state: new RegExp(`^(shipped|applying|confirming) ${HASH}$`),
  live: new RegExp(`^${HASH}$`),
  entry: /^[A-Za-z0-9_][A-Za-z0-9_.@+-]* (linked|real|missing)$/,
  manifest: FILE,
  file: FILE,
  salt: /^[0-9a-f]{32}$/,
  odd: /^.+$/,
  absolute: /^\/.+:\d+ \/.+$/,
  running: new RegExp(`^${HASH}$`),
  sysctl: /^[a-z0-9._]+( .*)?$/,
  all: /^.*$/,
  unresolved: UNRESOLVED,
};

const isKnown = ({ key, value }: AnswerLine): boolean =>
  Object.hasOwn(FORMS, key) && (FORMS[key]?.test(value) ?? false);

const hashAndPath = (value: string): [string, string] => [value.slice(65), value.slice(0, 64)];

/** `-` is undefined. `unknown` is 0: a change is pending, and no time is known to be left. */
function optionalNumber(text: string | undefined): number | undefined {
  if (text === undefined || text === '-') return undefined;
  return text === 'unknown' ? 0 : Number(text);
}

/** A live file that differs from what was shipped. */
export interface Drift {
  readonly path: string;
  readonly is: 'changed' | 'missing' | 'added';
}

/** What differs between the live files and `wanted` (path to sha256), among the files that are noencap's. */
export function driftFrom(inspection: Inspection, wanted: ReadonlyMap<string, string>): Drift[] {
  const ours = (path: string) =>
    [...inspection.entries.keys()].some((one) => `${path}/`.startsWith(`${one}/`));
  const paths = new Set([...wanted.keys(), ...inspection.files.keys()].filter(ours));
  return [...paths].sort().flatMap((path): Drift[] => {
    const [is, was] = [inspection.files.get(path), wanted.get(path)];
    if (is === was) return [];
    if (was === undefined) return [{ path, is: 'added' }];
    return [{ path, is: is === undefined ? 'missing' : 'changed' }];
  });
}
