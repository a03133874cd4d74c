import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { hashOf, LARGEST_RELEASE, releaseOf, tarOf } from '../../delivery/release.ts';

const FILES = new Map<string, string | Uint8Array>([
  ['sysctl.d/90-noencap.conf', 'net.ipv4.ip_forward = 1\n'],
  ['k3s/ibgp.conf', 'include "ibgpeers/*.conf";\n'],
  ['k3s/ibgpeers/a-node.conf', ''],
]);

test('the name of a release depends on its files, not on their order', () => {
  const release = releaseOf(FILES);
  expect(release.hash).toMatch(/^[0-9a-f]{16}$/);
  expect(release.files.map(({ path }) => path)).toEqual([
    'k3s/ibgp.conf',
    'k3s/ibgpeers/a-node.conf',
    'sysctl.d/90-noencap.conf',
  ]);
  const reversed = releaseOf(new Map([...FILES].reverse()));
  expect(reversed.hash).toBe(release.hash);
  expect(tarOf(reversed)).toEqual(tarOf(release));
  expect(hashOf(release.manifest)).toBe(release.hash);
});

test('any change of a name or a byte makes a different release', () => {
  const { hash } = releaseOf(FILES);
  expect(releaseOf(new Map([...FILES, ['k3s/ibgpeers/b.conf', '']])).hash).not.toBe(hash);
  expect(releaseOf(new Map([...FILES, ['k3s/ibgp.conf', 'include "ibgpeers/*.conf";']])).hash).not.toBe(hash);
});

test.each([
  ['/etc/passwd', 'absolute'],
  ['../bird.conf', 'leaves the folder'],
  ['k3s/../../bird.conf', 'leaves the folder'],
  ['k3s/./ibgp.conf', 'leaves the folder'],
  ['k3s//ibgp.conf', 'empty'],
  ['k3s/', 'empty'],
  ['', 'empty'],
  ['-rf', 'dash'],
  ['k3s/.hidden', 'dot'],
  ['k3s/a b', 'characters other than'],
  ['k3s/a\nb', 'characters other than'],
  ['k3s/$(id)', 'characters other than'],
  ['k3s/ä', 'characters other than'],
  ['k3s\\..\\x', 'characters other than'],
  ['manifest', 'manifest'],
  ['k3s/ibgp.conf/x', 'name of its folder'],
  [`k3s/${'x'.repeat(101)}`, 'too long'],
  [`${'d/'.repeat(130)}x`, 'too long'],
])('%j is not delivered', (path, why) => {
  expect(() => releaseOf(new Map([...FILES, [path, '']]))).toThrow(why);
});

test('a release has files, and is no larger than a router accepts', () => {
  expect(() => releaseOf(new Map())).toThrow('at least one file');
  const large = releaseOf(new Map([['k3s/ibgp.conf', new Uint8Array(LARGEST_RELEASE)]]));
  expect(() => tarOf(large)).toThrow('cannot be delivered');
});

/** Unpacks the archive with a tar program, and checks the result with sha256sum. */
function unpack(program: readonly string[], tar: Uint8Array): { folder: string; verified: string } {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-tar-'));
  writeFileSync(join(folder, 'tar'), tar);
  const [name = 'tar', ...before] = program;
  const { error, status, stderr } = spawnSync(name, [...before, '-xf', 'tar'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (error !== undefined) throw new Error(`${name} is missing. Run: scripts/setup-tests.sh`);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { stdout } = spawnSync('sha256sum', ['-c', 'manifest'], { cwd: folder, encoding: 'utf8' });
  return { folder, verified: stdout };
}

test.each([[['tar']], [['busybox', 'tar']]])('%j unpacks it, and the manifest fits', (program) => {
  const segment = fc.stringMatching(/^[a-z0-9_][a-z0-9_.-]{0,40}$/);
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `k3s/${parts.join('/')}`);
  fc.assert(
    fc.property(
      fc.dictionary(path, fc.uint8Array({ maxLength: 1200 }), { minKeys: 1, maxKeys: 8 }),
      (contents) => {
        let release: ReturnType<typeof releaseOf>;
        try {
          release = releaseOf(new Map(Object.entries(contents)));
        } catch (fault) {
          // Names that exclude each other occur, too.
          fc.pre(!`${fault}`.includes('cannot be delivered'));
          throw fault;
        }
        const { folder, verified } = unpack(program, tarOf(release));
        expect(verified).toBe(release.files.map(({ path }) => `${path}: OK\n`).join(''));
        for (const { path, bytes } of release.files) {
          expect(readFileSync(join(folder, path)).equals(bytes)).toBe(true);
        }
        rmSync(folder, { recursive: true });
      },
    ),
    { numRuns: 15 },
  );
});

test('a path of more than 100 characters is split at a slash', () => {
  const path = `k3s/${'a'.repeat(60)}/${'b'.repeat(90)}`;
  const { folder, verified } = unpack(['tar'], tarOf(releaseOf(new Map([[path, 'x']]))));
  expect(verified).toBe(`${path}: OK\n`);
  rmSync(folder, { recursive: true });
});
