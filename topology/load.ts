import { draft } from './draft.ts';
import { decode } from './encoding.ts';
import type { Fault } from './fault.ts';
import { fault, located } from './fault.ts';
import { finalise } from './finalise.ts';
import type { Topology } from './model.ts';
import { plain } from './plain.ts';
import { ruleFaults } from './rules/index.ts';
import type { TopologyFile, TopologyInput } from './schema.ts';
import { screen } from './screen.ts';
import { shape } from './shape.ts';
import type { Source } from './source.ts';
import { valueSource, yamlSource } from './source.ts';
import { readYaml } from './yaml.ts';

/** A topology, or everything that is wrong with its file, in the order of the file. */
export type Loaded =
  | { readonly ok: true; readonly topology: Topology; readonly source: Source }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly source: Source };

/** Reads a topology from the bytes of its file. Pure: `file` is only the name that messages use. */
export function loadTopology({ file, bytes }: { file: string; bytes: Uint8Array }): Loaded {
  const decoded = decode(file, bytes);
  if (!decoded.ok) {
    const source = yamlSource(file, decoded.text, undefined);
    return { ok: false, faults: located(decoded.faults, source), source };
  }
  const { source, value, faults } = readYaml(file, decoded.text, 'refuse');
  if (value === undefined) {
    return { ok: false, faults: located([...decoded.faults, ...faults], source), source };
  }
  return check(value, source, faults, decoded.faults);
}

/** The fault of a file that could not be read at all: the error code that the system gave, and what it means where that is known. */
export function unreadable(file: string, reason: string, meaning = `cannot be read (${reason})`): Loaded {
  const [code, says, mend] = UNREADABLE[reason] ?? [
    'file-unreadable' as const,
    meaning,
    'Mend that, or name another file with --topology.',
  ];
  if (reason === 'EFBIG') {
    const is = 'Check that this is the topology file.';
    return {
      ok: false,
      source: yamlSource(file, '', undefined),
      faults: [fault('file-too-large', [], meaning, is)],
    };
  }
  return {
    ok: false,
    source: yamlSource(file, '', undefined),
    faults: [fault(code, [], says, mend)],
  };
}

const FORBIDDEN = [
  'file-forbidden',
  'may not be read by this user',
  'Allow it with chmod u+r, or run as the user who owns the file.',
] as const;

const UNREADABLE: Readonly<Record<string, readonly [Fault['code'], string, string]>> = {
  ENOENT: [
    'file-missing',
    'does not exist',
    'Run bin/noencap init to start one, or name another with --topology.',
  ],
  EISDIR: ['file-is-folder', 'is a folder', 'Name the topology file itself with --topology.'],
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  'no default export': [
    'file-unreadable',
    'has no default export',
    'End it with: export default defineTopology({ version: 1, ... });',
  ],
};

/** Gives a topology written in TypeScript its type; `parseTopologyValue` then reads it. */
export const defineTopology = (value: TopologyInput): TopologyInput => value;

/** Reads a topology given as a value. Faults carry a path, and no line: the value was never text. */
export function parseTopologyValue(value: unknown, file = 'topology'): Loaded {
  const { value: copy, faults } = plain(value);
  return check(copy, valueSource(file), faults, []);
}

/**
 * Plain values to a topology. `earlier` are the faults that reading found at a path, `hidden` those that stand at a place
 * of the text only.
 */
function check(value: unknown, source: Source, earlier: readonly Fault[], hidden: readonly Fault[]): Loaded {
  const screened = screen(value);
  const shaped = shape(value);
  // Where another kind of value belongs, that says it better than two versions of YAML do.
  const ambiguous = earlier.filter(({ code }) => code === 'yaml-versions');
  const others = earlier.filter(({ code }) => code !== 'yaml-versions');
  const kinds = shaped.faults.filter(({ code }) => code === 'type' || code === 'choice');
  const first = [...others, ...screened];
  const versions = unlessAt([...first, ...kinds], ambiguous);
  const faultyPaths = [...first, ...versions, ...shaped.faults]
    .filter((one) => one.part !== 'key')
    .map((one) => one.path);
  const understood = draft(shaped.file, value, [...faultyPaths, ...shaped.faulty]);
  const values = versions.filter(({ part }) => part !== 'key');
  const fields = [...first, ...versions, ...unlessAt([...first, ...values], shaped.faults)];
  const rules = ruleFaults(understood).filter((one) => one.part === 'key' || !understood.faulty(...one.path));
  const all = once(located(atTheirPlace(hidden, [...fields, ...unlessAt(fields, rules)], source), source));
  if (all.length > 0) return { ok: false, faults: all, source };
  return { ok: true, topology: finalise(shaped.file as TopologyFile), source };
}

/** A value that cannot be trusted as it stands needs no second fault about what it would mean. */
function unlessAt(known: readonly Fault[], faults: readonly Fault[]): Fault[] {
  const spoken = new Set(known.map(pathAndPart));
  return faults.filter((one) => !spoken.has(pathAndPart(one)));
}

const pathAndPart = (one: Fault): string => JSON.stringify([one.path, one.part ?? 'value']);

/** A hidden character is found twice, as text and as part of a value: one fault with the place of one, the path of the other. */
function atTheirPlace(hidden: readonly Fault[], faults: readonly Fault[], source: Source): Fault[] {
  const free = new Set(hidden);
  const placed = faults.map((one) => {
    if (one.code !== 'hidden-character' || free.size === 0) return one;
    const whole = source.locate(one.path, one.part);
    const exact = [...free].find(
      ({ at }) =>
        at?.line === whole?.line &&
        (at?.column ?? 0) >= (whole?.column ?? 0) &&
        (at?.column ?? 0) < (whole?.endColumn ?? 0),
    );
    if (exact === undefined) return one;
    free.delete(exact);
    return { ...one, at: exact.at };
  });
  return [...free, ...placed];
}

/** What stands behind an anchor is read once for each alias, and wrong once. */
function once(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter((one) => {
    const key = JSON.stringify([one.code, one.at ?? one.path, one.part, one.message]);
    return !seen.has(key) && seen.add(key);
  });
}
