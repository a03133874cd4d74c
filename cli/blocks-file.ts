import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { AllocatedAddress, Allocation } from '../fabric/index.ts';
import { parseAddress, parsePrefix } from '../topology/address.ts';
import { pathText } from '../topology/fault.ts';
import { jsonText } from '../topology/foreign.ts';
import { yamlSource } from '../topology/source.ts';
import { placeIn, type Refusal } from './refusal.ts';

/** A cluster's blocks, with the cluster and the time that they are from. */
export interface TakenBlocks {
  readonly network: string;
  /** The kubeconfig's name for the cluster. */
  readonly context: string;
  /** As ISO 8601, to the second. */
  readonly takenAt: string;
  readonly allocation: Allocation;
}

const VERSION = 1;

/** The same blocks are the same bytes, but for the time: an entry to a line, in the order of addresses. */
export function blocksText({ network, context, takenAt, allocation }: TakenBlocks): string {
  const { nodes, blocks, addresses } = allocation;
  const list = (entries: readonly unknown[]): string =>
    entries.length === 0 ? '[]' : `[\n${entries.map((one) => `    ${lineOf(one)}`).join(',\n')}\n  ]`;
  const fields = [
    `"version": ${VERSION}`,
    `"network": ${lineOf(network)}`,
    `"context": ${lineOf(context)}`,
    `"takenAt": ${lineOf(takenAt)}`,
    `"nodes": ${list(nodes)}`,
    `"blocks": ${list(blocks.map(({ prefix, node }) => ({ cidr: prefix.text, node })))}`,
    `"addresses": ${list(
      addresses.map(({ address, node, pod, isThere }) => ({ address: address.text, node, pod, isThere })),
    )}`,
  ];
  return `{\n${fields.map((one) => `  ${one}`).join(',\n')}\n}\n`;
}

const lineOf = (value: unknown): string => jsonText(value).replace(/\n\s*/g, ' ');

const prefix = z.string().transform((text, context) => {
  const parsed = parsePrefix(text);
  if (parsed.ok) return parsed.prefix;
  context.addIssue({ code: 'custom', message: 'is no prefix' });
  return z.NEVER;
});

const address = z.string().transform((text, context) => {
  const parsed = parseAddress(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'is no address' });
  return z.NEVER;
});

const file = z.strictObject({
  version: z.literal(VERSION),
  network: z.string(),
  context: z.string(),
  takenAt: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'is no time of the form 2026-01-02T03:04:05Z'),
  nodes: z.array(z.string()),
  blocks: z.array(
    z
      .strictObject({ cidr: prefix, node: z.string().optional() })
      .transform(({ cidr, node }) => ({ prefix: cidr, node })),
  ),
  addresses: z.array(
    z
      .strictObject({
        address,
        node: z.string().optional(),
        pod: z.string().optional(),
        isThere: z.boolean().optional(),
      })
      .transform(
        (one): AllocatedAddress => ({
          address: one.address,
          node: one.node,
          pod: one.pod,
          isThere: one.isThere,
        }),
      ),
  ),
});

/** The blocks in a file, or everything that is wrong with it. */
export function blocksIn(name: string, text: string): TakenBlocks | readonly Refusal[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const [, at] = /position (\d+)/.exec(String(error)) ?? [];
    return [faultAt(name, at === undefined ? undefined : placeOf(text, Number(at)), '', 'is not JSON')];
  }
  const parsed = file.safeParse(value);
  if (!parsed.success) {
    const source = yamlSource(name, text, parseDocument(text, { logLevel: 'silent' }));
    return parsed.error.issues.slice(0, MOST_FAULTS).map(({ path, message }) => {
      const within = path.filter((step) => typeof step !== 'symbol');
      return faultAt(name, source.locate(within), pathText(within), message);
    });
  }
  const { network, context, takenAt, nodes, blocks, addresses } = parsed.data;
  return { network, context, takenAt, allocation: { nodes, blocks, addresses } };
}

/** Nobody reads more of them. */
const MOST_FAULTS = 20;

interface At {
  readonly line: number;
  readonly column: number;
}

function placeOf(text: string, offset: number): At {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

const faultAt = (name: string, at: At | undefined, path: string, wrong: string): Refusal => ({
  code: 'file',
  message: `${at === undefined ? name : `${name}:${at.line}:${at.column}`}: ${path === '' ? wrong : `${path}: ${wrong}`}`,
  fix: 'Take the file again, with --live --blocks FILE.',
  place: placeIn(name, at, path),
});
