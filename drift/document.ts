import { z } from 'zod';

/**
 * What is otherwise in production than in git, as one value that goes through JSON and back: `noencap drift` makes it, and the workflow
 * carries it from the job that reaches routers and cluster to the one that may write issues, which trusts nothing but its shape.
 */
export type Drift = z.infer<typeof driftSchema>;
export type ObjectDrift = Drift['objects'][number];
export type RouterDrift = Drift['routers'][number];
export type DriftUnknown = Drift['unknown'][number];
export type Owner = z.infer<typeof owner>;

/** That of all documents: raised with a key that is renamed or removed, or that changes its meaning. */
const VERSION = 1;

const text = z.string();
const count = z.number().int().nonnegative();

export const OWNER_KINDS = ['engine', 'operator', 'controller', 'person', 'program'] as const;

/** Who wrote a field last, as the API server keeps it. */
const owner = z.strictObject({
  manager: text.describe('the name that it gave to the API server: kubectl-edit, argocd-controller'),
  is: z.enum(OWNER_KINDS),
  at: text.optional(),
});

const objectId = z.strictObject({
  group: text.describe('empty for the core group'),
  kind: text,
  namespace: text.nullable(),
  name: text,
});

const object = z.strictObject({
  id: objectId,
  change: z
    .enum(['missing', 'changed', 'not-applied', 'by-hand'])
    .describe(
      'not-applied: the engine itself wrote what differs, so git has changed since; by-hand: git has no such object',
    ),
  fields: z.array(
    z.strictObject({
      path: text,
      before: z.json().optional().describe('what git has; missing where git does not set it'),
      after: z.json().optional().describe('what the cluster has; missing where it is not there'),
      by: owner.optional(),
    }),
  ),
  by: owner.optional().describe('who wrote the object last, besides the engine'),
  note: text.optional(),
  next: text.optional().describe('the next command to run'),
});

const file = z.strictObject({
  path: text.describe('below dist: routers/gateway/k3s/ibgp.conf'),
  change: z.enum(['added', 'deleted', 'changed']).describe('on the router, against git'),
  added: count,
  removed: count,
  hunks: z.array(text).describe('unified, from git to the router; none where the text was not read'),
});

const router = z.strictObject({
  router: text,
  change: z
    .enum(['edited', 'not-delivered', 'never-delivered'])
    .describe('edited: since they were delivered; not-delivered: git has changed since the last delivery'),
  delivered: text
    .nullable()
    .describe('the commit whose files were delivered last; null if none of this branch has them'),
  files: z.array(file),
  next: text,
});

const unknown = z.strictObject({
  about: z.strictObject({ kind: z.enum(['cluster', 'objects', 'router']), name: text }),
  message: text,
  evidence: z.array(text),
  next: text.optional(),
});

export const driftSchema = z.strictObject({
  version: z.literal(VERSION),
  command: z.literal('drift'),
  ok: z.boolean().describe('exit code 0: no drift, and nothing is unknown'),
  network: text,
  commit: text.nullable().describe('what git has; null if the working tree is edited'),
  objects: z.array(object),
  routers: z.array(router),
  drained: z
    .array(z.strictObject({ router: text, since: text, by: text }))
    .optional()
    .describe('routers that somebody leads traffic around; that alone is no drift'),
  unknown: z.array(unknown),
  same: z
    .strictObject({ objects: count, routers: count })
    .describe('how many were compared and are as in git'),
});

/** Reads one from an untrusted source. The message says what is wrong with it. */
export function parseDrift(json: string): Drift | { readonly message: string } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { message: `it is not JSON: ${(error as Error).message}` };
  }
  const { faults } = (value ?? {}) as { faults?: unknown };
  if (Array.isArray(faults)) {
    return { message: `it holds no drift, but why noencap could not look for it: ${faults[0]?.message}` };
  }
  try {
    const parsed = driftSchema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    return {
      message: `it is not what noencap drift --json prints: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    };
  } catch (error) {
    // What is nested thousands of levels deep has no shape that anybody could walk through.
    if (error instanceof RangeError) return { message: 'it is nested too deeply' };
    throw error;
  }
}
