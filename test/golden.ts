import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Expects a folder to contain exactly these files, by path below it; UPDATE_GOLDEN=1 rewrites them, for review. */
export function expectGolden(folder: string, files: Iterable<readonly [string, string]>): void {
  const rendered = new Map([...files].map(([path, text]) => [join(folder, path), text]));
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
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];
