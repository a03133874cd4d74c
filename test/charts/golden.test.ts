import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TopologyInput } from '../../topology/index.ts';
import { clusterFiles, dualStack, ipv6Only, withCalico } from './topologies.ts';

const GOLDEN = join('test', 'charts', 'golden');

/** The report's own topology has its golden files in dist/. The operator is held against upstream's instead. */
const TOPOLOGIES: Readonly<Record<string, TopologyInput>> = {
  'dual-stack': dualStack,
  'ipv6-only-v3': withCalico(ipv6Only, { api: 'projectcalico.org/v3' }),
};

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

test.each(Object.entries(TOPOLOGIES))(
  'the cluster of %s is as reviewed (UPDATE_GOLDEN=1 to review anew)',
  (name, topology) => {
    const folder = join(GOLDEN, name);
    const rendered = new Map(
      [...clusterFiles(topology)]
        .filter(([file]) => !file.startsWith('cluster/00-operator/'))
        .map(([file, text]) => [join(folder, file.replace('cluster/', '')), text]),
    );
    if (process.env.UPDATE_GOLDEN === '1') {
      rmSync(folder, { recursive: true, force: true });
      for (const [path, text] of rendered) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
    }
    expect(filesBelow(folder).sort()).toEqual([...rendered.keys()].sort());
    for (const [path, text] of rendered)
      expect({ path, text: readFileSync(path, 'utf8') }).toEqual({ path, text });
  },
);
