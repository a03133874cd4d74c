import { withDefaults } from './defaults.ts';
import { draft } from './draft.ts';
import { decode } from './encoding.ts';
import type { Fault } from './fault.ts';
import { fault, located } from './fault.ts';
import { migrated } from './migrations.ts';
import type { Topology } from './model.ts';
import { NOENCAP } from './own-command.ts';
import { plain } from './plain.ts';
import { ruleFaults } from './rules/index.ts';
import type { TopologyFile } from './schema.ts';
import { screen } from './screen.ts';
import { shape } from './shape.ts';
import type { Source } from './source.ts';
import { valueSource, yamlSource } from './source.ts';
import { readYaml } from './yaml.ts';

/** A topology, or everything that is wrong with its file, in file order. */
export type Loaded =
  | { readonly ok: true; readonly topology: Topology; readonly source: Source }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly source: Source };

/** Reads a topology from the bytes of its file. Pure: `file` is only the name used in messages. */
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

/** The fault of an unreadable file: the system's error code, and its meaning if known. */
export function unreadable(file: string, reason: string, meaning = `cannot be read (${reason})`): Loaded {
  const [code, message, fix] = UNREADABLE[reason] ?? [
    'file-unreadable' as const,
    meaning,
    'Fix that, or name another file with --topology.',
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
    faults: [fault(code, [], message, fix)],
  };
}

const FORBIDDEN = [
  'file-forbidden',
  'is not readable by this user',
  'Allow it with chmod u+r, or run as the owner of the file.',
] as const;

const UNREADABLE: Readonly<Record<string, readonly [Fault['code'], string, string]>> = {
  ENOENT: [
    'file-missing',
    'does not exist',
    `Run ${NOENCAP} init to create one, or name another file with --topology.`,
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

/** Reads a topology given as a value. Faults have a path but no line: the value was never text. */
export function parseTopologyValue(value: unknown, file = 'topology'): Loaded {
  const { value: copy, faults } = plain(value);
  return check(copy, valueSource(file), faults, []);
}

/**
 * Plain values to a topology. `earlier`: faults that reading found at a path; `hidden`: faults that have a place
 * in the text only.
 */
function check(
  written: unknown,
  source: Source,
  earlier: readonly Fault[],
  hidden: readonly Fault[],
): Loaded {
  const read = migrated(written);
  // Whatever else it has is of a form that is not known here: that it is wrong cannot be said.
  if ('newer' in read) return { ok: false, faults: located([read.newer], source), source };
  const { value } = read;
  const screened = screen(value);
  const shaped = shape(value);
  // If another kind of value is expected, that fault is clearer than one about YAML versions.
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
  const all = withoutRepeats(
    located(atTheirPlace(hidden, [...fields, ...unlessAt(fields, rules)], source), source),
  );
  if (all.length > 0) return { ok: false, faults: all, source };
  return { ok: true, topology: withDefaults(shaped.file as TopologyFile), source };
}

/** A value that cannot be trusted needs no second fault about its meaning. */
function unlessAt(earlier: readonly Fault[], faults: readonly Fault[]): Fault[] {
  const spoken = new Set(earlier.map(pathAndPart));
  return faults.filter((one) => !spoken.has(pathAndPart(one)));
}

const pathAndPart = (one: Fault): string => JSON.stringify([one.path, one.part ?? 'value']);

/** A hidden character is found twice, in the text and in a value: one fault with the place of the first and the path of the second. */
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

/** The value of an anchor is read once per alias, but reported once. */
function withoutRepeats(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter((one) => {
    const key = JSON.stringify([one.code, one.at ?? one.path, one.part, one.message]);
    return !seen.has(key) && seen.add(key);
  });
}
