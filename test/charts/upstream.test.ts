import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { newCalico } from '../../scripts/new-calico.ts';
import { digest, PINS, readVersion, upstreamFolder } from '../../scripts/upstream.ts';
import { upstreamTest } from './upstream.ts';

const SCRIPT = resolve('scripts/upstream.ts');
const TSX = resolve('node_modules/.bin/tsx');

let folder: string;
let server: Server | undefined;
let asked: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'noencap-upstream-'));
  asked = [];
});

afterEach(async () => {
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** Serves `files` by path, 404 for the rest; returns the base URL. */
async function serve(files: ReadonlyMap<string, string>): Promise<string> {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const text = files.get(path);
    response.writeHead(text === undefined ? 404 : 200);
    response.end(text);
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** `npm run upstream` in a folder of its own. */
function run(
  base: string,
  args: readonly string[] = [],
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(TSX, [SCRIPT, ...args], {
    cwd: folder,
    // Node itself warns if both are set.
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, NOENCAP_UPSTREAM_URL: base },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((done) => child.on('close', (code) => done({ code, out, err })));
}

const cache = () => join(folder, '.cache', 'upstream');
const kept = () => (existsSync(cache()) ? readdirSync(cache()).sort() : []);

/** What upstream publishes: with comments, descriptions, unneeded CRDs, and all in a few files. */
function published(upstream: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const [version, pin] of Object.entries(PINS)) {
    const place = join(upstream, `calico-${version}`);
    const crds = readdirSync(join(place, 'crds')).map((name) => [
      name,
      readFileSync(join(place, 'crds', name), 'utf8'),
    ]);
    const of = (wanted: (name: string) => boolean) =>
      crds.flatMap(([name = '', text = '']) => (wanted(name) ? [described(text)] : []));
    const isV3 = (name: string) => /^\w+\.projectcalico\.org/.test(name);
    const contents: Record<string, string[]> = {
      'tigera-operator.yaml': [
        readFileSync(join(place, 'tigera-operator.yaml'), 'utf8'),
        ...(pin.files.length === 1 ? of(() => true) : []),
      ],
      'operator-crds.yaml': [...of((name) => !isV3(name)), OTHER],
      'v3_projectcalico_org.yaml': of((name) => isV3(name) || name.endsWith('.operator.tigera.io.yaml')),
    };
    for (const file of pin.files) {
      files.set(`/${version}/manifests/${file}`, `# Published\n${contents[file]?.join('\n---\n# Source\n')}`);
    }
  }
  return files;
}

const described = (text: string): string =>
  text.replace(
    /^( *)openAPIV3Schema:\n/gm,
    (line, indent) => `${line}${indent}  description: What upstream says\n`,
  );

const OTHER = `kind: CustomResourceDefinition
apiVersion: apiextensions.k8s.io/v1
metadata: {name: hostendpoints.crd.projectcalico.org}
spec: {group: crd.projectcalico.org}
`;

describe('npm run upstream', () => {
  upstreamTest(
    'keeps what it pins: operators apart from CRDs, CRDs without descriptions',
    async (upstream) => {
      const base = await serve(published(upstream));
      expect(await run(base)).toMatchObject({ code: 0, err: '' });
      expect(kept()).toEqual(Object.keys(PINS).map((version) => `calico-${version}`));
      for (const [version, { sha256 }] of Object.entries(PINS)) {
        expect(digest(readVersion(cache(), version))).toBe(sha256);
        expect(readdirSync(join(cache(), `calico-${version}`, 'crds'))).toEqual(
          readdirSync(join(upstream, `calico-${version}`, 'crds')),
        );
        const crd = readFileSync(
          join(cache(), `calico-${version}`, 'crds/bgppeers.crd.projectcalico.org.yaml'),
          'utf8',
        );
        expect(crd).not.toContain('What upstream says');
        expect(crd).not.toContain('openAPIV3Schema: {}');
      }
      const requests = asked.length;
      const again = await run(base);
      expect(again).toMatchObject({ code: 0, err: '' });
      expect(again.out).toContain('calico-v3.32.1: already there');
      expect(asked.length).toBe(requests);
    },
  );

  upstreamTest(
    'refuses what is not what it pins, keeps the rest and nothing of that version',
    async (upstream) => {
      const files = published(upstream);
      const path = '/v3.31.7/manifests/tigera-operator.yaml';
      files.set(
        path,
        (files.get(path) ?? '').replace('quay.io/tigera/operator', 'quay.example/tigera/operator'),
      );
      const { code, err } = await run(await serve(files));
      expect(code).toBe(1);
      expect(err).toMatch(
        new RegExp(
          `Calico v3\\.31\\.7 from http.* is not what is pinned: sha256 [0-9a-f]{64} instead of ${PINS['v3.31.7']?.sha256}`,
        ),
      );
      expect(kept()).toEqual(['calico-v3.26.1', 'calico-v3.30.7', 'calico-v3.32.1']);
    },
  );

  upstreamTest('fetches again what was changed on disk', async (upstream) => {
    const base = await serve(published(upstream));
    await run(base);
    const path = join(cache(), 'calico-v3.30.7', 'tigera-operator.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('replicas: 1', 'replicas: 2'));
    expect((await run(base)).out).toContain('calico-v3.30.7: fetched');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('says where nothing was found, and writes nothing', async () => {
    const base = await serve(new Map());
    const { code, err } = await run(base);
    expect(code).toBe(3);
    expect(err).toContain(`${base}/v3.32.1/manifests/tigera-operator.yaml answered 404`);
    expect(err).toContain('set NOENCAP_UPSTREAM');
    expect(kept()).toEqual([]);
  });

  test('says that it is offline, and writes nothing', async () => {
    const base = await serve(new Map());
    await new Promise((done) => server?.close(done));
    server = undefined;
    const { code, err } = await run(base);
    expect(code).toBe(3);
    expect(err).toMatch(/tigera-operator\.yaml cannot be reached: connect ECONNREFUSED/);
    expect(kept()).toEqual([]);
  });

  test('before the tests an unreachable upstream is not an error', async () => {
    const { code, err } = await run(await serve(new Map()), ['--for-tests']);
    expect(code).toBe(0);
    expect(err).toContain('the tests that need them are reported as skipped');
  });

  upstreamTest('before the tests it asks nobody where all is there', async (upstream) => {
    const base = await serve(new Map());
    process.env.NOENCAP_UPSTREAM = resolve(upstream);
    try {
      expect(await run(base, ['--for-tests'])).toEqual({ code: 0, out: '', err: '' });
    } finally {
      delete process.env.NOENCAP_UPSTREAM;
    }
    expect(asked).toEqual([]);
  });

  test("does not accept a proxy's page as a manifest", async () => {
    const page = '<html><body>Sign in: <b>here</b></body></html>';
    const base = await serve(
      new Map(
        Object.entries(PINS).flatMap(([version, { files }]) =>
          files.map((file): [string, string] => [`/${version}/manifests/${file}`, page]),
        ),
      ),
    );
    const { code, err } = await run(base);
    expect(code).toBe(1);
    expect(err).toContain('is not a manifest: a document is not a Kubernetes object');
    expect(kept()).toEqual([]);
  });
});

describe('npm run new:calico', () => {
  const NEXT = 'v3.31.8';
  /** v3.31.7 with the version of another operator, as in a patch release. */
  const patch = (upstream: string, change: (text: string) => string): Map<string, string> =>
    new Map(
      [...published(upstream)].map(([path, text]) => [
        path.replace('v3.31.7', NEXT),
        change(text.replaceAll('v1.40.15', 'v1.40.16')),
      ]),
    );

  upstreamTest('says what a patch needs that changes versions only', async (upstream) => {
    const answer = await newCalico(await serve(patch(upstream, (text) => text)), NEXT);
    expect(answer).toMatch(
      /^calico\/releases\.ts, RELEASES:\n {2}\{ version: 'v3\.31\.8', operator: 'v1\.40\.16', manifests: '[0-9a-f]{64}' \},\n/,
    );
    expect(answer).toMatch(/\nonly versions differ from v3\.31\.7\n$/);
  });

  upstreamTest('names the objects that a patch changes', async (upstream) => {
    const files = patch(upstream, (text) => text.replace('replicas: 1', 'replicas: 2'));
    expect(await newCalico(await serve(files), NEXT)).toMatch(
      /\ndifferent from v3\.31\.7:\n {2}Deployment tigera-operator\n$/,
    );
  });

  test('says where nothing was found', async () => {
    const base = await serve(new Map());
    expect(await newCalico(base, NEXT)).toEqual({
      broken: false,
      message: `${base}/v3.31.8/manifests/tigera-operator.yaml answered 404`,
    });
  });
});

describe("Upstream's files", () => {
  test.each(Object.keys(PINS))('%s is pinned', (version) => {
    expect(PINS[version]?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  for (const [version, { sha256 }] of Object.entries(PINS)) {
    upstreamTest(`of ${version} are the pinned ones`, (upstream) => {
      expect(digest(readVersion(upstream, version))).toBe(sha256);
    });
  }

  test('are looked up in the given folder, next to the checkout, then in the cache', () => {
    const before = process.cwd();
    const checkout = join(folder, 'checkout');
    mkdirSync(checkout);
    process.chdir(checkout);
    try {
      const fill = (place: string, versions: readonly string[]) => {
        for (const version of versions) mkdirSync(join(place, `calico-${version}`), { recursive: true });
      };
      expect(upstreamFolder({})).toBeUndefined();
      fill('.cache/upstream', Object.keys(PINS).slice(1));
      expect(upstreamFolder({})).toBeUndefined();
      fill('.cache/upstream', Object.keys(PINS));
      expect(upstreamFolder({})).toBe('.cache/upstream');
      fill('../shared/upstream', Object.keys(PINS));
      expect(upstreamFolder({})).toBe('../shared/upstream');
      fill(folder, Object.keys(PINS));
      expect(upstreamFolder({ NOENCAP_UPSTREAM: folder })).toBe(folder);
      expect(upstreamFolder({ NOENCAP_UPSTREAM: join(folder, 'nowhere') })).toBeUndefined();
    } finally {
      process.chdir(before);
    }
  });
});
