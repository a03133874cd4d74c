import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Document, parseDocument } from 'yaml';

/** A step as GitHub reads it. Values of `env` and `with` are strings, numbers or booleans, with expressions in the strings. */
export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly 'working-directory'?: string;
  readonly 'continue-on-error'?: boolean;
  readonly env?: Values;
  readonly with?: Values;
}

export type Values = Readonly<Record<string, string | number | boolean>>;
export type Permissions = string | Readonly<Record<string, string>>;

export interface Concurrency {
  readonly group?: string;
  readonly 'cancel-in-progress'?: boolean | string;
}

export interface Job {
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly uses?: string;
  readonly environment?: unknown;
  readonly strategy?: {
    readonly 'max-parallel'?: unknown;
    readonly 'fail-fast'?: unknown;
    readonly matrix?: unknown;
  };
  readonly 'timeout-minutes'?: unknown;
  readonly permissions?: Permissions;
  readonly concurrency?: Concurrency | string;
  readonly env?: Values;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
}

export interface Workflow {
  readonly file: string;
  readonly text: string;
  /** With comments and anchors, which the plain value lacks. */
  readonly document: Document;
  readonly name?: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Permissions;
  readonly concurrency?: Concurrency | string;
  readonly defaults?: { readonly run?: { readonly shell?: string } };
  readonly env?: Values;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** The workflows of a folder, by file name. */
export function workflowsIn(folder: string): readonly Workflow[] {
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => readWorkflow(join(folder, name)));
}

/** Reads one; the short forms `on: push` and `on: [push]` are expanded. */
export function readWorkflow(path: string): Workflow {
  const text = readFileSync(path, 'utf8');
  const document = parseDocument(text);
  const value = document.toJS();
  const triggers = typeof value.on === 'string' ? [value.on] : value.on;
  const on = Array.isArray(triggers) ? Object.fromEntries(triggers.map((event) => [event, null])) : triggers;
  return { ...value, file: basename(path), text, document, on };
}

/** A step, and its location for readers: `review, step 3`. */
export interface Placed {
  readonly job: Job;
  readonly step: Step;
  readonly place: string;
}

/** Every step of a workflow, in order. */
export const stepsOf = (workflow: Workflow): readonly Placed[] =>
  Object.entries(workflow.jobs).flatMap(([name, job]) =>
    (job.steps ?? []).map((step, index) => ({ job, step, place: `${name}, step ${index + 1}` })),
  );

/** `actions/checkout` of `actions/checkout@<commit>`. */
export const actionOf = (step: Step): string => step.uses?.split('@')[0] ?? '';

/** Whether the job's token has any write permission. */
export const mayWrite = ({ permissions }: Job): boolean =>
  typeof permissions === 'string'
    ? permissions !== 'read-all'
    : Object.values(permissions ?? {}).some((access) => access !== 'read' && access !== 'none');
