import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inspect } from 'node:util';
import {
  armor,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption';
import fc from 'fast-check';
import { secretFaultText } from '../../secrets/fault.ts';
import { type Passwords, passwordsFor, variable } from '../../secrets/passwords.ts';
import { scratch } from '../cli/run.ts';
import { fabricOf } from '../fabric-of.ts';

/** The content of a `secrets.age`, and beside it noencap's message (`UPDATE_GOLDEN=1` rewrites it). */
const FOLDER = join('test', 'secrets');

const password = (name: string, key: string, file = '/etc/bird/k3s-password.conf') => ({
  password: { file, secret: { name, key } },
});

const { routers } = fabricOf({
  version: 1,
  name: 'lab',
  pods: { cidrs: ['10.42.0.0/16'] },
  services: { cidrs: ['10.43.0.0/16'] },
  calico: { version: 'v3.32.1' },
  k3s: { version: 'v1.34.5+k3s1' },
  gitops: { repoURL: 'https://git.example/lab.git' },
  regions: { east: { routers: ['e1', 'e2'] }, west: { routers: ['w1', 'w2'] } },
  routers: {
    e1: { routerId: '10.0.0.1', nodeAddress: '192.168.1.1', ...password('bgp-e1', 'password') },
    e2: { routerId: '10.0.0.2', nodeAddress: '192.168.1.2' },
    w1: { routerId: '10.0.0.3', nodeAddress: '192.168.2.1', ...password('bgp-w1', 'md5') },
    w2: {
      routerId: '10.0.0.4',
      nodeAddress: '192.168.2.2',
      ...password('by-hand', 'x', '/etc/bird-secrets/k3s.conf'),
    },
  },
  nodes: {
    'kube-1': { region: 'east', role: 'server', address: '192.168.1.11' },
    'kube-2': { region: 'west', role: 'agent', address: '192.168.2.11' },
  },
});

let folder: string;
let file: string;
let identity: string;
beforeAll(async () => {
  folder = scratch();
  file = join(folder, 'secrets.age');
  identity = await generateX25519Identity();
});
afterAll(() => rmSync(folder, { recursive: true }));

const encrypt = async (text: string | Uint8Array, to = identity): Promise<Uint8Array> => {
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(to));
  return encrypter.encrypt(typeof text === 'string' ? Buffer.from(text) : text);
};
const secrets = async (text: string) => writeFileSync(file, await encrypt(text));
const faultsOf = (found: Passwords): string =>
  found.ok ? 'nothing is wrong\n' : `${found.faults.map(secretFaultText).join('\n\n')}\n`;
const revealed = (found: Passwords) =>
  found.ok
    ? Object.fromEntries([...found.passwords].map(([router, one]) => [router, one.reveal()]))
    : faultsOf(found);

const GOOD = readFileSync(join(FOLDER, 'valid.yaml'), 'utf8');
const BOTH = { e1: 'Tr0ub4dor&3', w1: 'correct horse battery' };

describe('what it decrypts to', () => {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => basename(name, '.yaml'));

  test.each(names)('%s (UPDATE_GOLDEN=1 to review again)', async (name) => {
    await secrets(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8'));
    const said = faultsOf(await passwordsFor(routers, { file, env: { NOENCAP_AGE_KEY: identity } }));
    expect(said).not.toMatch(/s3cr|:\/\/|correct/);
    const expected = join(FOLDER, `${name}.txt`);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expected, said);
    expect(said).toBe(readFileSync(expected, 'utf8'));
  });
});

describe('a file', () => {
  test('binary or armored, with an identity in the environment or in a file', async () => {
    const keygen = `# created: 2026-01-01\r\n# public key: age1...\r\n${identity}\r\n`;
    const path = join(folder, 'identity');
    writeFileSync(path, keygen);
    const other = await generateX25519Identity();
    for (const env of [
      { NOENCAP_AGE_KEY: identity },
      { NOENCAP_AGE_KEY: `${other}\n${keygen}` },
      { NOENCAP_AGE_KEY_FILE: path },
      { NOENCAP_AGE_KEY: ' ', NOENCAP_AGE_KEY_FILE: path },
    ]) {
      for (const bytes of [await encrypt(GOOD), armor.encode(await encrypt(GOOD))]) {
        writeFileSync(file, bytes);
        expect(revealed(await passwordsFor(routers, { file, env }))).toEqual(BOTH);
      }
    }
  });

  test("of the age command, and one for age's post-quantum identities", async () => {
    const path = join(folder, 'keygen');
    rmSync(path, { force: true });
    const keygen = spawnSync('age-keygen', ['-o', path], { encoding: 'utf8' });
    if (keygen.error !== undefined) throw new Error('age is missing. Run: scripts/setup-tests.sh');
    const recipient = /age1\w+/.exec(keygen.stderr)?.[0] ?? '';
    for (const armored of [[], ['-a']]) {
      rmSync(file, { force: true });
      const made = spawnSync('age', ['-e', ...armored, '-r', recipient, '-o', file], { input: GOOD });
      expect(made.status).toBe(0);
      expect(revealed(await passwordsFor(routers, { file, env: { NOENCAP_AGE_KEY_FILE: path } }))).toEqual(
        BOTH,
      );
    }
    const hybrid = await generateHybridIdentity();
    writeFileSync(file, await encrypt(GOOD, hybrid));
    expect(revealed(await passwordsFor(routers, { file, env: { NOENCAP_AGE_KEY: hybrid } }))).toEqual(BOTH);
  });

  test.each<[string, (encrypted: Uint8Array) => Promise<Uint8Array | string> | Uint8Array | string, string]>([
    ['that is no age file', () => GOOD, 'it is not encrypted with age'],
    ['of another version', () => 'age-encryption.org/v9\n', 'is not v1'],
    ['that is empty', () => '', 'it is not encrypted with age'],
    ['that is cut off', (all) => all.subarray(0, all.length - 5), 'it is damaged or truncated'],
    ['that is cut off in its head', (all) => all.subarray(0, 90), 'it is damaged or truncated'],
    [
      'with a changed byte',
      (all) => {
        const bytes = Uint8Array.from(all);
        bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
        return bytes;
      },
      'it is damaged or truncated',
    ],
    ['with a cut-off armor', (all) => armor.encode(all).slice(0, -40), 'its armor is damaged or truncated'],
    [
      'with a damaged armor',
      (all) => armor.encode(all).replace(/[A-Za-z0-9+/]\n/, '!\n'),
      'its armor is damaged',
    ],
    [
      'with a passphrase',
      async () => {
        const encrypter = new Encrypter();
        encrypter.setScryptWorkFactor(2);
        encrypter.setPassphrase('correct horse');
        return encrypter.encrypt(GOOD);
      },
      'it is encrypted with a passphrase',
    ],
    ['for somebody else', async () => encrypt(GOOD, await generateX25519Identity()), 'does not decrypt it'],
    ['that is no text', () => encrypt(new Uint8Array([0xff, 0xfe])), 'not UTF-8 text'],
  ])('%s is refused', async (_, make, message) => {
    writeFileSync(file, await make(await encrypt(GOOD)));
    const said = faultsOf(await passwordsFor(routers, { file, env: { NOENCAP_AGE_KEY: identity } }));
    expect(said).toMatch(/^secrets\.age: [^\n]+\.\n {2}\S[^\n]*[.?]\n$/);
    expect(said).toContain(message);
    expect(said).not.toContain(identity);
  });

  test.each<[string, Record<string, string>, string]>([
    ['no identity', {}, 'neither NOENCAP_AGE_KEY nor NOENCAP_AGE_KEY_FILE is set'],
    ['a recipient', { NOENCAP_AGE_KEY: 'age1hunter2' }, 'NOENCAP_AGE_KEY: line 1 is not an age identity'],
    ['half a key', { NOENCAP_AGE_KEY: 'AGE-SECRET-KEY-1HUNTER2' }, 'NOENCAP_AGE_KEY: line 1 is a damaged'],
    ['a plugin', { NOENCAP_AGE_KEY: 'AGE-PLUGIN-YUBIKEY-1HUNTER2' }, 'is for an age plugin'],
    ['comments', { NOENCAP_AGE_KEY: '# hunter2' }, 'it contains no identity'],
    ['an encrypted one', { NOENCAP_AGE_KEY: 'age-encryption.org/v1\n-> scrypt' }, 'is encrypted itself'],
    ['no file', { NOENCAP_AGE_KEY_FILE: '/nonexistent' }, 'NOENCAP_AGE_KEY_FILE: the file it names'],
  ])('with %s is not decrypted', async (_, env, message) => {
    await secrets(GOOD);
    const said = faultsOf(await passwordsFor(routers, { file, env }));
    expect(said).toContain(message);
    expect(said).not.toMatch(/hunter2/i);
  });

  test('that is missing, or is a folder, is reported for each router', async () => {
    const nowhere = join(folder, 'nowhere.age');
    expect(faultsOf(await passwordsFor(routers, { file: nowhere, env: {} }))).toBe(
      `routers.e1.password: the value of Secret bgp-e1, key password, is not in the environment (NOENCAP_PASSWORD_BGP_E1_PASSWORD), and there is no nowhere.age beside the topology.
  Add "bgp-e1: {password: ...}" to secrets.age or set the variable; or keep the file on the router by hand, outside /etc/bird.

routers.w1.password: the value of Secret bgp-w1, key md5, is not in the environment (NOENCAP_PASSWORD_BGP_W1_MD5), and there is no nowhere.age beside the topology.
  Add "bgp-w1: {md5: ...}" to secrets.age or set the variable; or keep the file on the router by hand, outside /etc/bird.
`,
    );
    const folders = join(folder, 'folder.age');
    mkdirSync(folders);
    expect(faultsOf(await passwordsFor(routers, { file: folders, env: {} }))).toContain('EISDIR');
  });
});

describe('the environment', () => {
  const env = { NOENCAP_PASSWORD_BGP_E1_PASSWORD: 'from here', NOENCAP_PASSWORD_BGP_W1_MD5: 'and here' };

  test('takes precedence over the file, which is not read if all are set', async () => {
    writeFileSync(file, 'nonsense');
    expect(revealed(await passwordsFor(routers, { file, env }))).toEqual({ e1: 'from here', w1: 'and here' });
    await secrets(GOOD);
    const { NOENCAP_PASSWORD_BGP_W1_MD5: _, ...one } = env;
    expect(
      revealed(await passwordsFor(routers, { file, env: { ...one, NOENCAP_AGE_KEY: identity } })),
    ).toEqual({ ...BOTH, e1: 'from here' });
  });

  test('must not hold a password that BIRD cannot write, and the fault does not reveal it', async () => {
    const said = faultsOf(
      await passwordsFor(routers, { file, env: { ...env, NOENCAP_PASSWORD_BGP_W1_MD5: 's3cret\n' } }),
    );
    expect(said).toContain('NOENCAP_PASSWORD_BGP_W1_MD5: the password in it has a line break.');
    expect(said).not.toContain('s3cret');
  });

  test('does not decide which of two Secrets it means', async () => {
    const [first, second] = [
      { name: 'a-b', key: 'c' },
      { name: 'a', key: 'b.c' },
    ];
    expect(variable(first)).toBe(variable(second));
    const alike = routers.map((router, index) => {
      const secret = index === 0 ? first : second;
      return router.password === undefined ? router : { ...router, password: { ...router.password, secret } };
    });
    const said = faultsOf(await passwordsFor(alike, { file, env: { NOENCAP_PASSWORD_A_B_C: 's3cret' } }));
    expect(said).toMatch(/^NOENCAP_PASSWORD_A_B_C: it could be the password of a-b\/c or of a\/b\.c\./);
  });
});

test('only routers that are asked for need theirs, and only those that get it with a delivery', async () => {
  const env = { NOENCAP_PASSWORD_BGP_W1_MD5: 'x' };
  const nowhere = join(folder, 'nowhere.age');
  expect(revealed(await passwordsFor(routers, { file: nowhere, env, only: ['w1', 'w2', 'e2'] }))).toEqual({
    w1: 'x',
  });
  expect(revealed(await passwordsFor(routers, { file: nowhere, env: {}, only: ['w2'] }))).toEqual({});
});

test('no password appears when printed, and none gets into a fault, whatever else is wrong', async () => {
  const env = { NOENCAP_AGE_KEY: identity };
  const word = fc.stringMatching(/^[a-z]{12,20}$/);
  const around = fc.constantFrom(
    (text: string) => `bgp-e1: {password: ${text}}\nbgp-w1: {md5: ${text}}\n`,
    (text: string) => `bgp-e1: ${text}\n`,
    (text: string) => `${text}: {password: x}\n`,
    (text: string) => `bgp-e1: {${text}: x}\n`,
    (text: string) => `bgp-e1: {password: "${text}}\n`,
    (text: string) => `bgp-e1: {password: *${text}}\n`,
    (text: string) => `bgp-e1: {password: !!${text} x}\n`,
    (text: string) => `%${text}\n---\nbgp-e1: {password: ${text}}\n`,
    (text: string) => `bgp-e1: {password: @${text}}\n`,
    (text: string) => `- ${text}\n${text}: [${text}\n`,
    (text: string) => `bgp-e1: {password: '${text}"'}\nbgp-w1: {md5: "\\x${text}"}\n`,
    (text: string) => `? [${text}]\n: ${text}\nbgp-e1: &${text} {password: ${text}, ${text}: ${text}}\n`,
  );
  await fc.assert(
    fc.asyncProperty(word, around, async (text, form) => {
      await secrets(form(text));
      const found = await passwordsFor(routers, { file, env });
      const shown = `${JSON.stringify(found)}${inspect(found, { depth: 9 })}${faultsOf(found)}${
        found.ok ? [...found.passwords.values()].join() : ''
      }`;
      expect(shown).not.toContain(text);
    }),
    { numRuns: 60 },
  );
});
