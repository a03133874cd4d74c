import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Adds the node of docs/add-a-node.md, as that page describes. */
export function addNode(folder: string): void {
  const [, diff = ''] = readFileSync('docs/add-a-node.md', 'utf8').match(/^```diff\n([\s\S]*?)^```$/m) ?? [];
  execFileSync('git', ['apply', '-'], { cwd: folder, input: diff });
  execFileSync('bin/noencap', ['synth', '--quiet'], { cwd: folder });
}

/** Widens the pod pool, which Calico refuses for a pool in use. */
export function widenPool(folder: string): void {
  edit(folder, 'cidrs: [10.43.0.0/16]', 'cidrs: [10.44.0.0/16]');
  edit(folder, 'cidrs: [10.42.0.0/16]', 'cidrs: [10.42.0.0/15]');
  execFileSync('bin/noencap', ['synth', '--quiet'], { cwd: folder });
}

/** Names a router that does not exist. */
export const breakTopology = (folder: string): void => edit(folder, 'router: global-ns', 'router: global-n');

function edit(folder: string, before: string, after: string): void {
  const file = join(folder, 'topology.yaml');
  const text = readFileSync(file, 'utf8');
  if (!text.includes(before)) throw new Error(`topology.yaml does not have ${before} any more`);
  writeFileSync(file, text.replace(before, after));
}
