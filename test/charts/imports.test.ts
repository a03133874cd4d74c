import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateEngineImports, generateImports } from '../../scripts/import.ts';
import { upstreamTest } from './upstream.ts';

const read = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  );

function generated(generate: (folder: string) => void): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-imports-'));
  try {
    generate(folder);
    return read(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('imports/', () => {
  let ofEngines: Readonly<Record<string, string>>;
  beforeAll(() => {
    ofEngines = generated(generateEngineImports);
  });

  upstreamTest("is what cdk8s makes of upstream's CRDs and of the engines' models", (upstream) => {
    const fresh = { ...generated((folder) => generateImports(upstream, folder)), ...ofEngines };
    const ours = read('imports');
    expect(Object.keys(ours)).toEqual(Object.keys(fresh).sort());
    // A plain comparison: printing the difference of two such files takes a minute.
    expect(Object.keys(fresh).filter((file) => fresh[file] !== ours[file])).toEqual([]);
  });

  test("has Argo CD's and Flux's kinds as their models on npm declare them, without upstream", () => {
    const ours = read('imports');
    expect(Object.keys(ofEngines)).toEqual([
      'argoproj.io.ts',
      'kustomize.toolkit.fluxcd.io.ts',
      'monitoring.coreos.com.ts',
      'source.toolkit.fluxcd.io.ts',
    ]);
    expect(Object.keys(ofEngines).filter((file) => ofEngines[file] !== ours[file])).toEqual([]);
  });

  test('carries no text of upstream: no description, only names', () => {
    for (const [file, text] of Object.entries(read('imports'))) {
      // What cdk8s itself writes: a heading per type, tags, and sentences about its own functions.
      const comments = text
        .split('\n')
        .filter((line) => /^ *\/?\*/.test(line))
        .map((line) => line.replace(/^ *\/?\*+\/?|\*\/$/g, '').trim())
        .filter((line) => line !== '' && !/^@(schema|default|param|returns)\b/.test(line));
      expect({
        [file]: [...new Set(comments)].filter((line) => !OWN_WORDS.some((own) => own.test(line))),
      }).toEqual({
        [file]: [],
      });
    }
  });
});

const OWN_WORDS = [
  /^(eslint-(dis|en)able .*)$/,
  // A value of an enum, over its member.
  /^[\w.-]+$/,
  /^Converts an object of type '\w+' to JSON representation\.$/,
  /^Returns the apiVersion and kind for "\w+"$/,
  /^Renders a Kubernetes manifest for "\w+"\.$/,
  /^This can be used to inline resource manifests inside other objects \(e\.g\. as templates\)\.$/,
  /^Renders the object to Kubernetes JSON\.$/,
  /^Defines a "\w+" API object$/,
];

describe('charts/', () => {
  test('creates objects with typed constructs only', () => {
    for (const [file, text] of Object.entries(read('charts'))) {
      expect({ [file]: text.match(/new (cdk8s\.)?ApiObject\b/g) }).toEqual({ [file]: null });
      // cdk8s's names without a type would let any object through.
      expect({ [file]: text.match(/\bas any\b|@ts-/g) }).toEqual({ [file]: null });
    }
  });
});
