import type { Fault } from './fault.ts';
import { fault, located } from './fault.ts';
import { finalise } from './finalise.ts';
import type { Topology } from './model.ts';
import type { TopologyInput } from './schema.ts';
import { topologyFile } from './schema.ts';
import type { Source } from './source.ts';
import { valueSource, yamlSource } from './source.ts';
import { readYaml } from './yaml.ts';

/** A topology, or everything that is wrong with its file, in the order of the file. */
export type Loaded =
  | { readonly ok: true; readonly topology: Topology; readonly source: Source }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly source: Source };

/** Reads a topology from the bytes of its file. Pure: `file` is only the name that messages use. */
export function loadTopology({ file, bytes }: { file: string; bytes: Uint8Array }): Loaded {
  const text = new TextDecoder('utf-8').decode(bytes);
  const { source, value, faults } = readYaml(file, text);
  if (faults.length > 0) return { ok: false, faults: located(faults, source), source };
  return check(value, source);
}

/** The faults of a file that could not be read at all; `reason` is the error code that the system gave. */
export function unreadable(file: string, reason: string): Loaded {
  const source = yamlSource(file, '', undefined);
  return {
    ok: false,
    source,
    faults: [fault('file-missing', [], `cannot be read (${reason})`, 'Check the path.')],
  };
}

/** Gives a topology written in TypeScript its type; `parseTopologyValue` then reads it. */
export const defineTopology = (value: TopologyInput): TopologyInput => value;

/** Reads a topology given as a value. Faults carry a path, and no line: the value was never text. */
export function parseTopologyValue(value: unknown, file = 'topology'): Loaded {
  return check(value, valueSource(file));
}

function check(value: unknown, source: Source): Loaded {
  const parsed = topologyFile.safeParse(value);
  if (parsed.success) return { ok: true, topology: finalise(parsed.data), source };
  const faults = parsed.error.issues.map((issue) =>
    fault(
      'shape',
      issue.path.map((part) => (typeof part === 'number' ? part : String(part))),
      issue.message,
      '',
    ),
  );
  return { ok: false, faults: located(faults, source), source };
}
