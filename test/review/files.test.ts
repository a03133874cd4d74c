import { readFileSync } from 'node:fs';
import { applyPatch, structuredPatch } from 'diff';
import fc from 'fast-check';
import { parse } from 'yaml';
import { render } from '../../repository/render.ts';
import { fileChanges } from '../../review/files.ts';
import { routerFiles } from '../../routers/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { REPORT_FILE } from '../fixture/report.ts';
import { report } from '../lab/topologies.ts';

const files = (bgp = {}) => routerFiles(fabricOf(report(bgp)));

test('nothing changes where nothing does', () => {
  expect(fileChanges('routers', files(), files())).toEqual([]);
});

test('one setting is two lines of each router that it concerns', () => {
  const changes = fileChanges('routers', files(), files({ holdTime: 20 }));
  expect(changes.map(({ path, change, added, removed }) => ({ path, change, added, removed }))).toEqual(
    ['cn-ns', 'gateway', 'global-ns'].map((router) => ({
      path: `routers/${router}/k3s/ibgp.conf`,
      change: 'changed',
      added: 2,
      removed: 2,
    })),
  );
  expect(changes[0]?.hunks[0]).toContain('\n-  hold time 15;\n+  hold time 20;\n');
});

test('new and removed files are shown in full, and those of other folders not at all', () => {
  const some = new Map([
    ['routers/a/k3s/ibgp.conf', 'one;\ntwo;\n'],
    ['cluster/a.yaml', 'a: 1\n'],
  ]);
  expect(fileChanges('routers', new Map(), some)).toEqual([
    {
      path: 'routers/a/k3s/ibgp.conf',
      change: 'added',
      added: 2,
      removed: 0,
      hunks: ['@@ -0,0 +1,2 @@\n+one;\n+two;'],
    },
  ]);
  expect(fileChanges('routers', some, new Map())).toMatchObject([
    { change: 'deleted', added: 0, removed: 2 },
  ]);
});

test('a file added or deleted as a whole has the hunk of a real diff', () => {
  const line = fc.constantFrom('', 'a', 'b\r', '\\ No newline at end of file', '-', '+ c');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.boolean(), (lines, ends) => {
      const text = lines.join('\n') + (ends ? '\n' : '');
      const [nothing, one] = [new Map<string, string>(), new Map([['nodes/a/f', text]])];
      for (const [before, after] of [
        [nothing, one],
        [one, nothing],
      ] as const) {
        const { hunks } = structuredPatch(
          '',
          '',
          before.get('nodes/a/f') ?? '',
          after.get('nodes/a/f') ?? '',
        );
        const [found] = fileChanges('nodes', before, after);
        const changed = hunks.flatMap((hunk) => hunk.lines);
        expect(found?.hunks.flatMap((hunk) => hunk.split('\n').slice(1))).toEqual(changed);
        expect(found?.hunks.map((hunk) => hunk.split('\n')[0])).toEqual(
          hunks.map(({ oldLines, newLines }) =>
            oldLines === 0 ? `@@ -0,0 +1,${newLines} @@` : `@@ -1,${oldLines} +0,0 @@`,
          ),
        );
      }
    }),
  );
});

test('the hunks turn one text into the other', () => {
  const [before, after] = [files(), files({ reflectorNextHop: 'self', gracefulRestart: false })];
  const changes = fileChanges('routers', before, after);
  expect(changes.length).toBeGreaterThan(0);
  for (const { path, hunks } of changes) {
    const patch = `--- ${path}\n+++ ${path}\n${hunks.join('\n')}\n`;
    expect(applyPatch(before.get(path) ?? '', patch)).toBe(after.get(path));
  }
});

test('a secret written into a rendered file is not shown', () => {
  const file = (secret: string) =>
    new Map([
      ['routers/r1/peer.conf', `protocol bgp a {\n  password "${secret}";\n}\n`],
      ['nodes/n1/config.yaml', `token: ${secret}\n`],
    ]);
  const told = ['routers', 'nodes'].flatMap((folder) => fileChanges(folder, file('s3cr3t'), file('h1dd3n')));
  expect(told).toHaveLength(2);
  expect(JSON.stringify(told)).not.toMatch(/s3cr3t|h1dd3n/);
});

test('nothing that is rendered looks like a secret', () => {
  for (const topology of [REPORT_FILE, 'test/cli/full-topology.yaml']) {
    const { files } = render(fabricOf(parse(readFileSync(topology, 'utf8'))), undefined);
    for (const folder of ['routers', 'nodes']) {
      const told = fileChanges(folder, new Map(), files).flatMap(({ path, hunks }) => [path, ...hunks]);
      expect(told.filter((text) => text.includes('****'))).toEqual([]);
    }
  }
});
