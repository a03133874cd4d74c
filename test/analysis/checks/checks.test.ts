import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import pc from 'picocolors';
import { analyse, type Finding, findings, smallestPodMtu } from '../../../analysis/index.ts';
import { blocksIn } from '../../../cli/blocks-file.ts';
import { findingText } from '../../../cli/finding-text.ts';
import { type Allocation, buildFabric, withAllocation } from '../../../fabric/index.ts';
import { pathText } from '../../../topology/fault.ts';
import { loadTopology } from '../../../topology/index.ts';
import { reportText } from '../../fixture/report.ts';

/**
 * Each check has three files in test/analysis/checks: a topology with a finding of this check only, the finding, and the same
 * topology after one edit that fixes it. What depends on the blocks of a cluster has those beside either topology, and these are what is
 * edited. A new check needs no code here.
 */
const FOLDER = 'test/analysis/checks';
const ids = readdirSync(FOLDER)
  .filter((name) => /^NE\d+\.yaml$/.test(name))
  .map((name) => basename(name, '.yaml'))
  .sort();

function allocationOf(file: string): Allocation {
  const taken = blocksIn(file, readFileSync(file, 'utf8'));
  if (!('allocation' in taken)) throw new Error(taken.map(({ message }) => message).join('; '));
  return taken.allocation;
}

function checked(file: string): { open: Finding[]; text: string } {
  const path = `${FOLDER}/${file}`;
  const loaded = loadTopology({ file: path, bytes: readFileSync(path) });
  if (!loaded.ok) throw new Error(`${path}: ${loaded.faults.map(({ message }) => message).join('; ')}`);
  const planned = buildFabric(loaded.topology, smallestPodMtu);
  const blocks = `${FOLDER}/${basename(file, '.yaml')}.blocks.json`;
  const fabric = existsSync(blocks) ? withAllocation(planned, allocationOf(blocks)) : planned;
  const found = findings(analyse(fabric));
  const open = found.filter(({ suppressed }) => suppressed === undefined);
  const plain = { colour: pc.createColors(false), prose: { out: Infinity, err: Infinity } };
  return { open, text: `${open.map((one) => findingText(one, loaded.source, plain)).join('\n\n')}\n` };
}

test.each(ids)('%s is found where it is, alone, and is gone one edit away', (id) => {
  const { open, text } = checked(`${id}.yaml`);
  const expected = `${FOLDER}/${id}.txt`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expected, text);
  expect([...new Set(open.map((one) => one.id))]).toEqual([id]);
  expect(text).toBe(readFileSync(expected, 'utf8'));
  expect(checked(`${id}.mended.yaml`).open.map((one) => one.id)).not.toContain(id);
});

/** The block of a page that shows the check's finding. */
const QUOTED = /^```text\n[\s\S]*?\n```$/m;

test.each(ids)('%s has a page with an example, what is said of it, the mend, and how to accept it', (id) => {
  const file = `docs/checks/${id}.md`;
  const { open, text } = checked(`${id}.yaml`);
  // Pages are for a repository that has noencap as its dependency.
  const shown = text.trimEnd().split('\n\n')[0]?.replaceAll('bin/noencap', 'npx noencap');
  const quoted = `\`\`\`text\n${shown}\n\`\`\``;
  if (process.env.UPDATE_GOLDEN === '1') {
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(QUOTED, () => quoted),
    );
  }
  const page = readFileSync(file, 'utf8');
  expect(page).toMatch(new RegExp(`^# ${id}: .+\n\nSeverity: .*\\b${open[0]?.severity}\\b`));
  expect(page).toContain('```yaml\n');
  expect(QUOTED.exec(page)?.[0]).toBe(quoted);
  expect(page).toContain('\n## Fix\n');
  // A finding that does not exist cannot be accepted: NE410 is about exactly that.
  const place = pathText(open[0]?.path ?? []);
  const where = place.includes('[') ? `"${place}"` : place;
  if (id !== 'NE410') expect(page).toContain(`- {id: ${id}, where: ${where}, reason: "`);
});

test('every page is of a check that exists, and the table of them has each', () => {
  const pages = readdirSync('docs/checks').map((name) => basename(name, '.md'));
  expect(pages.sort()).toEqual([...ids, 'README']);
  const rows = readFileSync('docs/checks/README.md', 'utf8').matchAll(
    /^\| \[(NE\d+)\]\(\1\.md\) \| (.*?) \|/gm,
  );
  const severities = new Map([...rows].map(([, id, severity]) => [id, severity]));
  expect([...severities.keys()]).toEqual(ids);
  for (const [id, severity] of severities) {
    expect(readFileSync(`docs/checks/${id}.md`, 'utf8')).toContain(`\nSeverity: ${severity?.split(', ')[0]}`);
  }
});

test('the base network of all these edits has no findings', () => {
  expect(checked('sturdy.yaml').open).toEqual([]);
});

describe("the field report's network", () => {
  const places = (reflectorNextHop: string) => {
    const text = reportText().replace(/^bgp:$/m, `bgp:\n  reflectorNextHop: ${reflectorNextHop}`);
    const loaded = loadTopology({ file: 'topology.yaml', bytes: Buffer.from(text) });
    if (!loaded.ok) throw new Error('the topology has faults');
    return findings(analyse(buildFabric(loaded.topology, smallestPodMtu)));
  };
  const picture = [
    'NE201 routers.cn-ns',
    'NE201 routers.gateway',
    'NE201 routers.global-ns',
    'NE201 underlay.segments.iepl',
    'NE201 underlay.segments.wds-lan',
    'NE201 underlay.segments.zt-domestic',
    'NE201 underlay.segments.zt-global',
  ];
  const named = (found: readonly Finding[]) => found.map(({ id, path }) => `${id} ${path.join('.')}`);

  test('as its author gave it: the hairpin of two pairs, the single points of failure of the picture, the unused region', () => {
    const found = places('self');
    expect(named(found)).toEqual([
      ...picture,
      'NE203 routers.gateway',
      'NE401 regions.Domestic',
      'NE416 calico.nodeAddress',
    ]);
    expect(found.find(({ id }) => id === 'NE203')?.evidence).toEqual(
      expect.arrayContaining([
        'kubemaster > gateway > kubenode-wds-1',
        'kubenode-wds-1 > gateway > kubemaster',
      ]),
    );
  });

  test('with next hops kept the hairpin is gone, and nothing else', () => {
    expect(named(places('keep'))).toEqual([...picture, 'NE401 regions.Domestic', 'NE416 calico.nodeAddress']);
  });
});

test('a suppressed finding is still reported, with the reason', () => {
  const path = `${FOLDER}/NE203.yaml`;
  const loaded = loadTopology({ file: path, bytes: readFileSync(path) });
  if (!loaded.ok) throw new Error('the topology has faults');
  const [accepted] = findings(analyse(buildFabric(loaded.topology, smallestPodMtu))).filter(
    ({ suppressed }) => suppressed,
  );
  expect(accepted).toMatchObject({ id: 'NE201', suppressed: 'one LAN is what this site has' });
});
