import { decode } from '../topology/encoding.ts';
import type { Path } from '../topology/model.ts';
import { fromFault, type Problem, problem } from '../topology/problem.ts';
import type { Source } from '../topology/source.ts';
import { valueSource, yamlSource } from '../topology/source.ts';
import { readYaml } from '../topology/yaml.ts';

/** An object of the cluster, and its place in kubectl's output. */
export interface ClusterObject {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly value: Fields;
  readonly source: Source;
  readonly path: Path;
}

export type Fields = Readonly<Record<string, unknown>>;

/** A file that kubectl wrote. */
export interface ClusterFile {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** JSON of 10,000 nodes with everything kubelet reports is about 100 MiB. */
const LARGEST_JSON = 256 * 1024 * 1024;

/** The objects in output of `kubectl get -o yaml` or `-o json`: a List, or documents one after the other. */
export function clusterObjects({ file, bytes }: ClusterFile): {
  readonly objects: readonly ClusterObject[];
  readonly problems: readonly Problem[];
} {
  const json = bytes.length <= LARGEST_JSON ? jsonIn(bytes) : undefined;
  if (json !== undefined) return objectsOf(json.value, valueSource(file), []);
  const decoded = decode(file, bytes);
  const whole = yamlSource(file, decoded.text, undefined);
  if (decoded.faults.length > 0) {
    const problems = decoded.faults.map((fault) =>
      fault.code === 'file-too-large'
        ? problem(
            whole,
            undefined,
            'is too large to be read as YAML',
            'Give it as JSON: kubectl get -o json.',
          )
        : fromFault(fault, whole),
    );
    return { objects: [], problems };
  }
  const read = documents(decoded.text).map(({ text, line }) => {
    const { source, value, faults } = readYaml(file, text, 'take');
    const moved = shifted(source, line);
    if (value === undefined || faults.length > 0) {
      const problems = faults.map((fault) => {
        const at = fault.at ?? source.locate(fault.path, fault.part);
        return fromFault({ ...fault, at: at && { ...at, line: at.line + line } }, moved);
      });
      return { objects: [], problems };
    }
    return value === null ? { objects: [], problems: [] } : objectsOf(value, moved, []);
  });
  const objects = read.flatMap((one) => one.objects);
  const problems = read.flatMap((one) => one.problems);
  if (objects.length + problems.length > 0) return { objects, problems };
  return { objects, problems: [problem(whole, undefined, 'contains no object', KUBECTL)] };
}

const KUBECTL = 'Give the output of kubectl get -o yaml or -o json.';

/** JSON is YAML too, but a whole cluster is read a hundred times faster as JSON. */
function jsonIn(bytes: Uint8Array): { readonly value: unknown } | undefined {
  if (bytes.find((byte) => byte > 0x20) !== 0x7b) return undefined;
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    return undefined;
  }
}

/** `---` at the start of a line begins a document, inside a block scalar as well (YAML 1.2 section 9.1.2). */
function documents(text: string): { readonly text: string; readonly line: number }[] {
  const parts: { text: string; line: number }[] = [];
  let line = 0;
  for (const part of text.split(/^(?=---(?:\s|$))/m)) {
    // The marker stays as an empty line, so that line numbers stay right.
    parts.push({ text: part.replace(/^---/, '   '), line });
    line += part.split('\n').length - 1;
  }
  return parts.filter((part) => part.text.trim() !== '');
}

/** A part of a file, with the line numbers of the whole. */
const shifted = (source: Source, line: number): Source => ({
  file: source.file,
  line: (number) => source.line(number - line),
  locate: (path, what) => {
    const at = source.locate(path, what);
    return at && { ...at, line: at.line + line };
  },
});

function objectsOf(
  value: unknown,
  source: Source,
  path: Path,
): { objects: ClusterObject[]; problems: Problem[] } {
  const refuse = (message: string) => ({
    objects: [],
    problems: [problem(source, source.locate(path), message, KUBECTL, path)],
  });
  if (!isFields(value) || path.length > 8) return refuse('is not a Kubernetes object');
  const { apiVersion, kind, items } = value;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    const read = items.map((item, index) => objectsOf(item, source, [...path, 'items', index]));
    return { objects: read.flatMap((one) => one.objects), problems: read.flatMap((one) => one.problems) };
  }
  const metadata = isFields(value.metadata) ? value.metadata : {};
  const { name, namespace } = metadata;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') {
    return refuse('lacks apiVersion, kind or metadata.name');
  }
  const slash = apiVersion.indexOf('/');
  const object: ClusterObject = {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind,
    namespace: typeof namespace === 'string' ? namespace : undefined,
    name,
    value,
    source,
    path,
  };
  return { objects: [object], problems: [] };
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path of an object; undefined if any step is missing. */
export const fieldAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (found, part) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, part)
        ? (found as Record<string | number, unknown>)[part]
        : undefined,
    value,
  );

/** Any value as text. JavaScript cannot convert every map or list: it may have no prototype. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
