import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { CARRIED } from '../../calico/releases.ts';
import { loadTopology } from '../../topology/index.ts';
import { reportText } from '../fixture/report.ts';

/** The part of Renovate's configuration that these tests are about. */
interface Renovate {
  readonly customManagers: readonly {
    readonly managerFilePatterns: readonly string[];
    readonly matchStrings: readonly string[];
    readonly depNameTemplate: string;
    readonly versioningTemplate: string;
  }[];
  readonly packageRules: readonly {
    readonly matchDepNames?: readonly string[];
    readonly allowedVersions?: string;
  }[];
}

const config: Renovate = JSON.parse(readFileSync('.github/renovate.json', 'utf8'));
const ours = reportText();

function managerOf(dependency: string) {
  const found = config.customManagers.find(({ depNameTemplate }) => depNameTemplate === dependency);
  if (found === undefined) throw new Error(`no manager of ${dependency}`);
  return found;
}

const patternsOf = (dependency: string): RegExp[] =>
  managerOf(dependency).matchStrings.map((one) => new RegExp(one, 'g'));

/** The values that Renovate recognises as versions of a dependency. */
const versionsIn = (dependency: string, text: string): string[] =>
  patternsOf(dependency).flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ groups }) => groups?.currentValue ?? ''),
  );

const raised = (dependency: string, text: string, to: string): string =>
  patternsOf(dependency).reduce(
    (all, pattern) => all.replace(pattern, (whole, version: string) => whole.replace(version, to)),
    text,
  );

const CALICO = 'projectcalico/calico';
const K3S = 'k3s-io/k3s';

test('Renovate compiles its patterns with RE2, which looks neither ahead nor behind', () => {
  const texts = config.customManagers.flatMap((one) => [...one.matchStrings, one.versioningTemplate]);
  expect(texts.filter((one) => /\(\?<?[=!]|\\[1-9]/.test(one))).toEqual([]);
});

test('it looks into topology.yaml and no other file', () => {
  for (const { managerFilePatterns } of config.customManagers) {
    const patterns = managerFilePatterns.map((one) => new RegExp(one.replace(/^\/|\/$/g, '')));
    const found = ['topology.yaml', 'topology.yml', 'test/lifecycle/add-a-node/topology.yaml', 'cdk8s.yaml'];
    expect(found.filter((file) => patterns.some((one) => one.test(file)))).toEqual([
      'topology.yaml',
      'topology.yml',
    ]);
  }
});

test("it finds this network's Calico and K3s, each once", () => {
  const { calico, k3s } = parse(ours);
  expect(versionsIn(CALICO, ours)).toEqual([calico.version]);
  expect(versionsIn(K3S, ours)).toEqual([k3s.version]);
});

test.each([
  ['flow maps', 'version: 1\ncalico: {version: v3.31.7, api: x}\nk3s: {version: v1.34.5+k3s1}\n'],
  ['quotes and comments', 'calico:\n  version: \'v3.31.7\' # old\nk3s:\n  version: "v1.34.5+k3s1"\n'],
  ['no last line break', 'calico: {version: v3.31.7}\nk3s:\n  version: v1.34.5+k3s1'],
])('it finds them in %s', (_, text) => {
  expect(versionsIn(CALICO, text)).toEqual(['v3.31.7']);
  expect(versionsIn(K3S, text)).toEqual(['v1.34.5+k3s1']);
});

test('anything that is not a version of either is left alone', () => {
  const text =
    'version: 1\ncalico: {version: v3.31.7-rc1}\nother: {version: v3.31}\nk3s: {version: v1.34.5}\n';
  expect([...versionsIn(CALICO, text), ...versionsIn(K3S, text)]).toEqual([]);
});

test('it proposes the versions of Calico that noencap carries, and each makes a valid topology', () => {
  const rule = config.packageRules.find(({ matchDepNames }) => matchDepNames?.includes(CALICO));
  const allowed = new RegExp(rule?.allowedVersions?.replace(/^\/|\/$/g, '') ?? '');
  const others = ['v3.26.1', 'v3.30.70', 'v3.31.6', 'v3.32.10', 'v3.32.1-rc1', 'v3.33.0', 'v13.32.1'];
  expect([...CARRIED, ...others].filter((version) => allowed.test(version))).toEqual(CARRIED);
  for (const version of CARRIED) {
    const text = raised(CALICO, ours, version);
    expect(parse(text)).toEqual({ ...parse(ours), calico: { ...parse(ours).calico, version } });
    expect(loadTopology({ file: 'topology.yaml', bytes: Buffer.from(text) }).ok).toBe(true);
  }
});

test('it distinguishes the parts of a K3s release, including the build', () => {
  const { versioningTemplate } = managerOf(K3S);
  const versioning = new RegExp(versioningTemplate.replace(/^regex:/, ''));
  expect(versioning.exec('v1.34.5+k3s1')?.groups).toEqual({
    major: '1',
    minor: '34',
    patch: '5',
    build: '1',
  });
  expect(['v1.34.5', 'v1.35.0-rc1+k3s1', 'v1.34.5+k3s1-beta'].filter((one) => versioning.test(one))).toEqual(
    [],
  );
  const text = raised(K3S, ours, 'v1.34.6+k3s2');
  expect(loadTopology({ file: 'topology.yaml', bytes: Buffer.from(text) }).ok).toBe(true);
});

/** For the release that scripts/setup-tests.sh downloads. */
const SCHEMA = join('.cache', 'renovate', 'renovate-schema.json');

test("Renovate's own schema accepts all of it", () => {
  if (!existsSync(SCHEMA)) throw new Error("Renovate's schema is missing. Run: scripts/setup-tests.sh");
  const { $schema: _draft, ...schema } = JSON.parse(readFileSync(SCHEMA, 'utf8'));
  const allows = new Ajv({ strict: false, logger: false }).compile(schema);
  expect({ is: allows(config), errors: allows.errors }).toEqual({ is: true, errors: null });
  expect(allows({ ...config, minimumReleaseAge: 14 })).toBe(false);
  expect(allows({ ...config, customManagers: [{ customType: 'regexp' }] })).toBe(false);
});
