import { basename, resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { Hidden, passwordFault } from '../delivery/index.ts';
import { deliveredPassword, type RouterSpeaker } from '../fabric/index.ts';
import { readAtMost, whyUnreadable } from '../machine/index.ts';
import { LARGEST_TRUST_FILE } from '../repository/trust-files.ts';
import { pathText } from '../topology/fault.ts';
import { suggester } from '../topology/suggest.ts';
import { decrypt } from './age.ts';
import { type SecretFault, type SecretPlace, secretFaultText } from './fault.ts';

export interface SecretSources {
  /** `secrets.age` beside the topology; it need not be there. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names of routers, if not all get theirs. */
  readonly only?: Iterable<string>;
}

export type Passwords =
  | { readonly ok: true; readonly passwords: ReadonlyMap<string, Hidden> }
  | { readonly ok: false; readonly faults: readonly SecretFault[] };

type Router = Pick<RouterSpeaker, 'name' | 'planned' | 'bird' | 'password'>;

/** A router that gets a password, and where that is kept. */
interface Wanted {
  readonly router: string;
  readonly configDir: string;
  readonly secret: SecretName;
}

interface SecretName {
  readonly name: string;
  readonly key: string;
}

/**
 * The passwords of all routers that get theirs with a delivery, by router. The environment comes before the file, and where it
 * has them all the file is not read. `routers` are those of the whole topology, since the file may hold the others' too.
 */
export async function passwordsFor(
  routers: readonly Router[],
  { file, env, only }: SecretSources,
): Promise<Passwords> {
  const asked = only === undefined ? undefined : new Set(only);
  const wanted = routers.flatMap((router): Wanted[] => {
    const { name, planned, bird, password } = router;
    if (planned || password === undefined || deliveredPassword(router) === undefined) return [];
    return asked?.has(name) === false
      ? []
      : [{ router: name, configDir: bird.configDir, secret: password.secret }];
  });
  const secretNames = routers.flatMap(({ password }) => (password === undefined ? [] : [password.secret]));
  const faults = ambiguous(wanted, secretNames, env);
  if (faults.length > 0) return { ok: false, faults };

  const found = new Map<string, Hidden>();
  for (const { router, secret } of wanted) {
    const value = env[variable(secret)];
    if (value === undefined) continue;
    const fault = passwordFault(value);
    if (fault === undefined) found.set(router, new Hidden(value));
    else
      faults.push({ at: { variable: variable(secret) }, message: `the password in it ${fault}`, fix: GOOD });
  }
  const left = wanted.filter(({ secret }) => env[variable(secret)] === undefined);
  if (left.length > 0) {
    const read = await fromFile(file, left, secretNames, env);
    faults.push(...read.faults);
    for (const [router, password] of read.passwords) found.set(router, password);
  }
  return faults.length > 0 ? { ok: false, faults: unique(faults) } : { ok: true, passwords: found };
}

const GOOD = 'Use 1 to 80 letters, digits and signs except "; to generate one: openssl rand -base64 24.';

/** Two routers may have one Secret; what is wrong with it is said once. */
const unique = (faults: readonly SecretFault[]): SecretFault[] => [
  ...new Map(faults.map((fault) => [secretFaultText(fault), fault])).values(),
];

/** `NOENCAP_PASSWORD_BGP_E1_PASSWORD`: what no name of a variable may have is `_`. */
export const variable = ({ name, key }: SecretName): string =>
  `NOENCAP_PASSWORD_${`${name}_${key}`.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;

/** Where two Secrets have one variable, nobody knows whose value it holds. */
function ambiguous(
  wanted: readonly Wanted[],
  secretNames: readonly SecretName[],
  env: SecretSources['env'],
): SecretFault[] {
  const owners = new Map<string, Set<string>>();
  for (const secret of secretNames) {
    const name = variable(secret);
    owners.set(name, (owners.get(name) ?? new Set()).add(`${secret.name}/${secret.key}`));
  }
  return [...new Set(wanted.map(({ secret }) => variable(secret)))].flatMap((name): SecretFault[] => {
    const those = [...(owners.get(name) ?? [])];
    if (env[name] === undefined || those.length < 2) return [];
    return [
      {
        at: { variable: name },
        message: `it could be the password of ${those.join(' or of ')}`,
        fix: 'Unset the variable and put both into secrets.age, or rename one of the Secrets in the topology.',
      },
    ];
  });
}

interface FromFile {
  readonly passwords: ReadonlyMap<string, Hidden>;
  readonly faults: readonly SecretFault[];
}

async function fromFile(
  file: string,
  left: readonly Wanted[],
  secretNames: readonly SecretName[],
  env: SecretSources['env'],
): Promise<FromFile> {
  const none = new Map<string, Hidden>();
  const at = basename(file);
  let bytes: Uint8Array;
  try {
    bytes = readAtMost(resolve(file), LARGEST_TRUST_FILE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      const faults = left.map((one) => missing(one, `and there is no ${at} beside the topology`, undefined));
      return { passwords: none, faults };
    }
    return {
      passwords: none,
      faults: [{ at: { file: at }, message: `it ${whyUnreadable(error)}`, fix: 'Let this account read it.' }],
    };
  }
  const decrypted = await decrypt(at, bytes, env);
  if ('fault' in decrypted) return { passwords: none, faults: [decrypted.fault] };
  const read = readSecrets(at, decrypted.text);
  const faults = [...read.faults, ...unknown(read.values, secretNames)];
  const passwords = new Map<string, Hidden>();
  for (const one of left) {
    const value = read.values.find(({ name, key }) => name === one.secret.name && key === one.secret.key);
    if (value?.password !== undefined) passwords.set(one.router, value.password);
    // What stands in a file that could not be read on may be there after all.
    else if (value === undefined && faults.length === 0)
      faults.push(missing(one, `neither in ${at} nor`, read.values));
  }
  return { passwords, faults };
}

function missing(
  { router, configDir, secret }: Wanted,
  where: string,
  values: readonly Value[] | undefined,
): SecretFault {
  const entry = `${secret.name}: {${secret.key}: ...}`;
  const environment = `the environment (${variable(secret)})`;
  return {
    at: { path: pathText(['routers', router, 'password']) },
    message:
      values === undefined
        ? `the value of Secret ${secret.name}, key ${secret.key}, is not in ${environment}, ${where}`
        : `the value of Secret ${secret.name}, key ${secret.key}, is ${where} in ${environment}`,
    fix: `Add "${entry}" to secrets.age or set the variable; or keep the file on the router by hand, outside ${configDir}.`,
  };
}

interface Value extends SecretName {
  readonly at: SecretPlace;
  readonly nameAt: SecretPlace;
  /** Undefined where what stands there can be no password. */
  readonly password: Hidden | undefined;
}

/** Names that no router uses: a typo would leave a router without its password. */
function unknown(values: readonly Value[], secretNames: readonly SecretName[]): SecretFault[] {
  const names = new Set(secretNames.map(({ name }) => name));
  const near = suggester(names);
  return values.flatMap(({ at, nameAt, name, key }): SecretFault[] => {
    const keys = secretNames.filter((one) => one.name === name).map((one) => one.key);
    if (keys.includes(key)) return [];
    // A name that nobody has could be a password in the wrong place: it is not repeated.
    const meant = names.has(name) ? suggester(keys)(key) : near(name);
    const fix =
      meant === undefined
        ? 'Remove it, or let a router refer to it with password.secret.'
        : `Did you mean "${meant}"?`;
    const message = names.has(name)
      ? `no router uses this key of Secret ${name}`
      : 'no router uses a Secret of this name';
    return [{ at: names.has(name) ? at : nameAt, message, fix }];
  });
}

const SHAPE = 'Write "<Secret>: {<key>: <password>}", with the names that the topology has.';

/** The YAML with the values. Its own words are never repeated, not even the parser's, which quotes what it read. */
function readSecrets(file: string, text: string): { values: readonly Value[]; faults: SecretFault[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const at = (offset: number | undefined): SecretPlace => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const message = error.code === 'DUPLICATE_KEY' ? 'duplicate key' : 'invalid YAML from here';
    return { values: [], faults: [{ at: at(error.pos[0]), message, fix: `${SHAPE} Quote the passwords.` }] };
  }
  const { contents } = document;
  if (contents === null) return { values: [], faults: [] };
  if (!isMap(contents)) {
    return {
      values: [],
      faults: [{ at: at(contents.range?.[0]), message: 'it is not a map of Secrets', fix: SHAPE }],
    };
  }
  const faults: SecretFault[] = [];
  const wrong = (node: unknown, message: string, fix = SHAPE): void => {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    faults.push({ at: at(range?.[0]), message, fix });
  };
  const values = contents.items.flatMap(({ key: name, value: keys }): Value[] => {
    if (!isScalar(name) || !isMap(keys)) {
      wrong(isScalar(name) ? (keys ?? name) : name, 'a Secret is not a map of its keys');
      return [];
    }
    return keys.items.flatMap(({ key, value }): Value[] => {
      if (!isScalar(key)) {
        wrong(key, 'this key is not a name');
        return [];
      }
      const found = {
        at: at(key.range?.[0]),
        nameAt: at(name.range?.[0]),
        name: String(name.value),
        key: String(key.value),
      };
      const text = isScalar(value) ? value.value : undefined;
      // 0123 or 1e3 is a number to YAML, and would come out as another text.
      if (typeof text !== 'string') {
        wrong(value ?? key, 'this value is not text', 'Put the password in quotes.');
        return [{ ...found, password: undefined }];
      }
      const fault = passwordFault(text);
      if (fault !== undefined) wrong(value, `the password ${fault}`, GOOD);
      return [{ ...found, password: fault === undefined ? new Hidden(text) : undefined }];
    });
  });
  return { values, faults };
}
