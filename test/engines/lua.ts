import { spawnSync } from 'node:child_process';
import type { KubernetesObject } from '../charts/upstream.ts';

/** Argo CD's health of a resource. */
export interface Health {
  readonly status: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';
  readonly message: string;
}

const STATUSES = ['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing', 'Unknown'];

const known = new Map<string, Health>();

/**
 * Runs a health check as Argo CD does: Lua 5.1 with only the base and table libraries, the object as `obj`, and as result
 * a table with a known status. Throws Lua's errors.
 */
export function luaHealth(check: string, object: KubernetesObject): Health {
  const program = `\
string, math, io, os, debug, require, coroutine = nil, nil, nil, nil, nil, nil, nil
obj = ${literal(object)}
local function check()
${check}
end
local health = check()
print(health.status .. "\\n" .. (health.message or ""))
`;
  const before = known.get(program);
  if (before !== undefined) return before;
  const { status, stdout, stderr, error } = spawnSync('lua5.1', ['-'], { input: program, encoding: 'utf8' });
  if (error !== undefined)
    throw new Error(`lua5.1 is missing: run scripts/setup-tests.sh (${error.message})`);
  if (status !== 0) throw new Error(stderr);
  const [code = '', ...message] = stdout.trimEnd().split('\n');
  if (!STATUSES.includes(code)) throw new Error(`Argo CD knows no health ${JSON.stringify(code)}`);
  const health = { status: code as Health['status'], message: message.join('\n') };
  known.set(program, health);
  return health;
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, one]) => one !== undefined);
    return `{${fields.map(([key, one]) => `[${text(key)}] = ${literal(one)}`).join(', ')}}`;
  }
  return typeof value === 'string' ? text(value) : value === null ? 'nil' : String(value);
}

/** Lua has no \u, but accepts any byte as a decimal escape. */
const text = (value: string): string =>
  `"${[...Buffer.from(value)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
