import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { readHostKeys, trustedFor } from '../../review/host-keys.ts';
import { KEYS } from './host-key-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'noencap-host-keys-'));
const file = join(folder, 'known_hosts');
afterAll(() => rmSync(folder, { recursive: true }));

/** The lines that ssh-keygen finds for a name, each with its reading of the key. */
function bySsh(name: string, text: string): string[] {
  writeFileSync(file, text);
  const { stdout } = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' });
  return [...stdout.matchAll(/^# Host .* found: line (\d+) ?(CA|REVOKED)?/gm)].map(
    ([, line, mark = '']) => `${line} ${mark}`,
  );
}

const MARKS = { key: '', authority: 'CA', revoked: 'REVOKED' };

const byUs = (name: string, text: string): string[] =>
  readHostKeys(text)
    .lines.filter(({ matches }) => matches(name))
    .map(({ line, makes }) => `${line} ${MARKS[makes]}`);

const LINES = [
  '# gateway comment',
  '',
  `gateway ${KEYS.one}`,
  `a,Gateway,b ${KEYS.one} root@gateway`,
  `  gateway\t${KEYS.two}`,
  `[gateway]:2222 ${KEYS.one}`,
  `*.example ${KEYS.one}`,
  `!gateway.example,*.example ${KEYS.two}`,
  `gate?ay ${KEYS.one}`,
  `@cert-authority *.example ${KEYS.one}`,
  `@cert-authority * ${KEYS.two}`,
  `@revoked gateway,fd00::1 ${KEYS.one}`,
  `[fd00::1]:2222 ${KEYS.one}`,
  `@revoked @cert-authority * ${KEYS.one}`,
  `@trusted * ${KEYS.one}`,
  'gateway',
  'gateway ssh-ed25519',
];
const NAMES = [
  'gateway',
  'gateway.example',
  'e1.example',
  '[gateway]:2222',
  '[fd00::1]:2222',
  'fd00::1',
  'a',
];

test.each(NAMES)('of %s the same lines are found as by ssh-keygen, and taken for the same', (name) => {
  const text = `${LINES.join('\n')}\n`;
  expect(byUs(name, text)).toEqual(bySsh(name, text));
  expect(byUs(name, text).length).toBeGreaterThan(0);
});

test('so are hashed names', () => {
  const plain = ['gateway', '[gateway]:2222'].map((name) => `${name} ${KEYS.one}\n`).join('');
  writeFileSync(file, plain);
  execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
  const text = readFileSync(file, 'utf8');
  expect(text).not.toContain('gateway');
  expect(byUs('gateway', text)).toEqual(['1 ']);
  expect(byUs('[gateway]:2222', text)).toEqual(['2 ']);
  expect(byUs('other', text)).toEqual([]);
});

test('any pattern matches as in ssh', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'B', '*', '?', '.'), minLength: 1, maxLength: 6 });
  const patterns = fc
    .array(fc.tuple(fc.constantFrom('', '', '!'), part), { minLength: 1, maxLength: 3 })
    .map((all) => all.map(([not, one]) => `${not}${one}`).join(','));
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(patterns, { minLength: 1, maxLength: 20 }), name, (all, one) => {
      const text = all.map((hosts) => `${hosts} ${KEYS.one}\n`).join('');
      expect(byUs(one, text)).toEqual(bySsh(one, text));
    }),
    { numRuns: 25 },
  );
});

test('a pattern of many stars is fast', () => {
  const [line] = readHostKeys(`${'*a'.repeat(500)}b ${KEYS.one}`).lines;
  expect(line?.matches('a'.repeat(2000))).toBe(false);
});

test('a fingerprint is that of ssh-keygen', () => {
  writeFileSync(file, `${KEYS.one}\n`);
  const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ');
  expect(readHostKeys(`gateway ${KEYS.one}`).lines[0]?.key).toBe(`ssh-ed25519 ${fingerprint}`);
});

test('a revoked key does not count, whichever line comes first, and a revoked authority signs nothing', () => {
  const believed = (...lines: readonly string[]) => {
    const { key, authority } = trustedFor('gateway', readHostKeys(lines.join('\n')));
    return [key.size, authority.size];
  };
  const [pinned, signing, revoked] = [
    `gateway ${KEYS.one}`,
    `@cert-authority gateway ${KEYS.one}`,
    `@revoked * ${KEYS.one}`,
  ];
  expect(believed(pinned, signing)).toEqual([1, 1]);
  expect(believed(pinned, signing, revoked)).toEqual([0, 0]);
  expect(believed(revoked, pinned, `gateway ${KEYS.two}`)).toEqual([1, 0]);
});

/** An Ed25519 key that calls itself RSA. */
const OTHER = `gateway ssh-rsa ${KEYS.one.split(' ')[1]}`;

test('an invalid line of known_hosts is reported with its place, never taken for a comment', () => {
  const { odd } = readHostKeys(`# ok\n@trusted * ${KEYS.one}\n\ngateway ssh-ed25519 AAAA\n${OTHER}\n`);
  expect(odd).toEqual([
    { line: 2, text: `@trusted * ${KEYS.one}` },
    { line: 4, text: 'gateway ssh-ed25519 AAAA' },
    { line: 5, text: OTHER },
  ]);
});
