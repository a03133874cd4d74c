import { TextDecoder } from 'node:util';
import { readAtMost, whyUnreadable } from '../machine/index.ts';
import type { SecretFault } from './fault.ts';

/** The identities that decrypt, as `age-keygen` writes them: in the environment itself, or the path of a file. */
const KEY = 'NOENCAP_AGE_KEY';
const KEY_FILE = 'NOENCAP_AGE_KEY_FILE';

type Env = Readonly<Record<string, string | undefined>>;

/** Decrypts a file that was encrypted with age, armored or not. Errors name only the place. */
export async function decrypt(
  file: string,
  bytes: Uint8Array,
  env: Env,
): Promise<{ readonly text: string } | { readonly fault: SecretFault }> {
  const identities = identitiesOf(file, env);
  if ('fault' in identities) return identities;
  // Not needed by anybody else, and large: loaded here.
  const { armor, Decrypter } = await import('age-encryption');
  const damaged = (message: string) => ({
    fault: {
      at: { file },
      message,
      fix: 'Encrypt it again: age -e -a -r age1... -o secrets.age secrets.yaml.',
    },
  });
  let encrypted = bytes;
  const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart();
  if (start.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')) {
    try {
      encrypted = armor.decode(Buffer.from(bytes).toString('latin1'));
    } catch {
      return damaged('its armor is damaged or truncated');
    }
  } else if (!start.startsWith('age-encryption.org/')) {
    return damaged('it is not encrypted with age');
  }
  const head = Buffer.from(encrypted.subarray(0, 4096)).toString('latin1');
  if (!head.startsWith('age-encryption.org/v1\n')) return damaged('its age version is not v1');
  if (/^-> scrypt /m.test(head))
    return damaged('it is encrypted with a passphrase, which nobody can type in CI');

  const decrypter = new Decrypter();
  for (const { at, line, text } of identities.lines) {
    try {
      decrypter.addIdentity(text);
    } catch {
      return {
        fault: { at: { variable: at }, message: `line ${line} is a damaged age identity`, fix: IDENTITY },
      };
    }
  }
  let plain: Uint8Array;
  try {
    plain = await decrypter.decrypt(encrypted);
  } catch (error) {
    if (!`${error}`.includes('no identity matched')) return damaged('it is damaged or truncated');
    const fix =
      'Use the identity of one of its recipients, or encrypt it for yours: age-keygen -y prints the recipient of an identity.';
    return {
      fault: { at: { file }, message: `the identity in ${identities.from} does not decrypt it`, fix },
    };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(plain) };
  } catch {
    return {
      fault: {
        at: { file },
        message: 'its decrypted content is not UTF-8 text',
        fix: 'Encrypt a YAML file.',
      },
    };
  }
}

const IDENTITY = 'An identity is a line AGE-SECRET-KEY-1..., as age-keygen writes it.';

/** An identity has 75 bytes. */
const LARGEST_IDENTITIES = 64 * 1024;

interface Line {
  readonly at: string;
  readonly line: number;
  readonly text: string;
}

function identitiesOf(
  file: string,
  env: Env,
): { readonly from: string; readonly lines: readonly Line[] } | { readonly fault: SecretFault } {
  const [key, path] = [env[KEY], env[KEY_FILE]].map((value) => (value?.trim() ? value : undefined));
  if (key !== undefined) return linesOf(KEY, key);
  if (path === undefined) {
    const message = `it is encrypted, and neither ${KEY} nor ${KEY_FILE} is set`;
    const fix = `Set ${KEY_FILE} to the path of your identity (age-keygen -o FILE makes one), or ${KEY} to its text.`;
    return { fault: { at: { file }, message, fix } };
  }
  let text: string;
  try {
    text = readAtMost(path, LARGEST_IDENTITIES).toString('utf8');
  } catch (error) {
    const message = `the file it names ${whyUnreadable(error)}`;
    return {
      fault: {
        at: { variable: KEY_FILE },
        message,
        fix: 'Set it to the path of the file that age-keygen wrote.',
      },
    };
  }
  return linesOf(KEY_FILE, text);
}

function linesOf(variable: string, text: string): ReturnType<typeof identitiesOf> {
  const at = { variable };
  if (/^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE)/.test(text.trimStart())) {
    const fix = 'Decrypt it first: age -d -o FILE.';
    return { fault: { at, message: 'the identity is encrypted itself', fix } };
  }
  const lines = text
    .split(/\r?\n/)
    .map((one, index): Line => ({ at: variable, line: index + 1, text: one.trim() }))
    .filter((one) => one.text !== '' && !one.text.startsWith('#'));
  const odd = lines.find((one) => !/^AGE-SECRET-KEY-(PQ-)?1/.test(one.text));
  if (odd !== undefined) {
    const isPlugin = odd.text.startsWith('AGE-PLUGIN-');
    const message = isPlugin
      ? 'is for an age plugin, which only the age command supports'
      : 'is not an age identity';
    return { fault: { at, message: `line ${odd.line} ${message}`, fix: IDENTITY } };
  }
  if (lines.length === 0) return { fault: { at, message: 'it contains no identity', fix: IDENTITY } };
  return { from: variable, lines };
}
