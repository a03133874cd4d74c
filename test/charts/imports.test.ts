import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateEngineImports, generateImports } from '../../scripts/import.ts';
import { upstreamTest } from './upstream.ts';

const read = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));

describe('imports/', () => {
  upstreamTest(
    "is what cdk8s makes of upstream's CRDs and of the engines'",
    (upstream) => {
      const folder = mkdtempSync(join(tmpdir(), 'noencap-imports-'));
      try {
        generateImports(upstream, folder);
        generateEngineImports(folder);
        const fresh = read(folder);
        const ours = read('imports');
        expect(Object.keys(ours)).toEqual(Object.keys(fresh));
        // A plain comparison: the difference of two such files takes a minute to print.
        expect(Object.keys(fresh).filter((file) => fresh[file] !== ours[file])).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );

  test("has Argo CD's and Flux's kinds, without upstream", () => {
    const folder = mkdtempSync(join(tmpdir(), 'noencap-imports-'));
    try {
      generateEngineImports(folder);
      const fresh = read(folder);
      const ours = read('imports');
      expect(Object.keys(fresh)).toEqual([
        'argoproj.io.ts',
        'kustomize.toolkit.fluxcd.io.ts',
        'source.toolkit.fluxcd.io.ts',
      ]);
      expect(Object.keys(fresh).filter((file) => fresh[file] !== ours[file])).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('carries no text of upstream: no description, only names', () => {
    for (const [file, text] of Object.entries(read('imports'))) {
      // What cdk8s writes by itself: a heading per type, tags, and sentences about its own functions.
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
  test('makes objects of typed constructs only', () => {
    for (const [file, text] of Object.entries(read('charts'))) {
      expect({ [file]: text.match(/new (cdk8s\.)?ApiObject\b/g) }).toEqual({ [file]: null });
      // cdk8s's names without a type would let any object through.
      expect({ [file]: text.match(/\bas any\b|@ts-/g) }).toEqual({ [file]: null });
    }
  });
});
