import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sorted } from './sorted.ts';

/**
 * GitHub's published description of its API, by which the tests check every request and every answer. Its package unpacks
 * to 385 MB, so it is not a dependency: the part that `noencap comment` and `noencap issue` use is extracted and committed. `npm run import:github`.
 */
const PACKAGE = '@octokit/openapi@23.0.2';
const DESCRIPTION = 'package/generated/api.github.com.json';
const OUTPUT = 'test/github/openapi.json';

const OPERATIONS: readonly (readonly [path: string, method: string])[] = [
  ['/repos/{owner}/{repo}/issues', 'get'],
  ['/repos/{owner}/{repo}/issues', 'post'],
  ['/repos/{owner}/{repo}/issues/{issue_number}', 'patch'],
  ['/repos/{owner}/{repo}/issues/comments/{comment_id}', 'delete'],
  ['/repos/{owner}/{repo}/issues/comments/{comment_id}', 'patch'],
  ['/repos/{owner}/{repo}/issues/{issue_number}/comments', 'get'],
  ['/repos/{owner}/{repo}/issues/{issue_number}/comments', 'post'],
  ['/repos/{owner}/{repo}/pulls', 'get'],
  ['/repos/{owner}/{repo}/pulls/{pull_number}', 'get'],
];

/** Keys that do not constrain a request or an answer. */
const PROSE = new Set(['description', 'example', 'examples', 'externalDocs', 'summary', 'tags', 'title']);

type Json = Readonly<Record<string, unknown>>;

/** The operations that are used, and every component that they name, directly or not. */
export function cutOut(description: Json): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, method] of OPERATIONS) {
    const operation = (description.paths as Record<string, Json | undefined>)[path]?.[method];
    if (operation === undefined) throw new Error(`${method} ${path} is not described`);
    paths[path] = { ...paths[path], [method]: withoutProse(operation) };
  }
  const components: Record<string, Record<string, unknown>> = {};
  // An operation may give answers that it does not list: refusals of tokens and limits are the same everywhere.
  const open = [...references(paths), '#/components/schemas/basic-error'];
  for (let reference = open.pop(); reference !== undefined; reference = open.pop()) {
    const [, , kind = '', name = ''] = reference.split('/');
    if (components[kind]?.[name] !== undefined) continue;
    const component = withoutProse((description.components as Record<string, Json>)[kind]?.[name]);
    components[kind] = { ...components[kind], [name]: component };
    open.push(...references(component));
  }
  return { openapi: description.openapi, info: { version: PACKAGE }, paths, components };
}

/** In a schema, `title` is prose; below `properties` it is the name of a field. */
function withoutProse(value: unknown, names = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutProse(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => names || !(PROSE.has(key) || key.startsWith('x-')))
      .map(([key, item]) => [key, withoutProse(item, key === 'properties' && !names)]),
  );
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item] : references(item),
  );
}

function fetchDescription(): Json {
  const work = mkdtempSync(join(tmpdir(), 'noencap-openapi-'));
  try {
    const packed = execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', work], {
      encoding: 'utf8',
    }).trim();
    execFileSync('tar', ['-xzf', join(work, packed), '-C', work, DESCRIPTION]);
    return JSON.parse(readFileSync(join(work, DESCRIPTION), 'utf8'));
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (process.argv[1]?.endsWith('github-openapi.ts')) {
  writeFileSync(OUTPUT, `${JSON.stringify(sorted(cutOut(fetchDescription())), null, 1)}\n`);
  process.stdout.write(`${OUTPUT}: ${OPERATIONS.length} operations of ${PACKAGE}\n`);
}
