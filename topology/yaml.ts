import type { Document, Pair, Scalar, YAMLMap, Node as YamlNode } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Fault } from './fault.ts';
import { fault } from './fault.ts';
import type { Path } from './model.ts';
import type { Source, TextSource } from './source.ts';
import { keyText, yamlSource } from './source.ts';
import { syntaxFaults } from './yaml-syntax.ts';
import { readDifferently } from './yaml-versions.ts';

export interface YamlReading {
  readonly source: Source;
  /** Undefined if the text has no readable structure. */
  readonly value: unknown;
  readonly faults: readonly Fault[];
}

/**
 * Text to plain values, with the faults of the YAML itself. Aliases are resolved, duplicate keys are refused,
 * and no input makes this throw or expand without limit. `ambiguous`: values that YAML versions read
 * differently, which people write by mistake and programs print freely.
 */
export function readYaml(file: string, text: string, ambiguous: 'refuse' | 'take'): YamlReading {
  // The library compares every key with every other: at 10,000 nodes that is slower than everything else. With log
  // level `silent` it would also not report a second document.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  const source = yamlSource(file, text, document);
  const broken = syntaxFaults(document.errors, source);
  if (document.directives?.yaml.explicit === true) {
    broken.push({
      ...fault(
        'yaml-directive',
        [],
        'a %YAML directive changes how values are read',
        'Remove it: the file is YAML 1.2.',
      ),
      at: source.place(0, Number.POSITIVE_INFINITY),
    });
  }
  if (broken.length > 0) return { source, value: undefined, faults: broken };
  return { source, ...plainValue(document, source, ambiguous === 'refuse') };
}

/** A topology is nine levels deep. */
const DEEPEST = 64;
/** How many values aliases may add. An anchor of ten values in each of 10,000 nodes is a real file; 100^5 is not. */
const MOST_ALIASED = 200_000;
const CORE_TAGS = /^tag:yaml\.org,2002:(map|seq|str|null|bool|int|float)$/;

interface Converted {
  readonly value: unknown;
  /** Number of values inside, each alias counted with everything it expands to. */
  readonly size: number;
}

/**
 * Nodes to values. An anchor is converted once and shared by its aliases; faults inside it are therefore also reported
 * once, at the anchor. Maps have no prototype, so a key named `constructor` is only a key.
 */
function plainValue(
  document: Document,
  source: TextSource,
  isStrict: boolean,
): { value: unknown; faults: Fault[] } {
  const faults: Fault[] = [];
  const anchors = new Map<string, Converted | 'open'>();
  let aliased = 0;

  const convert = (node: unknown, path: Path): Converted => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined || target === 'open') {
        const message =
          target === undefined
            ? `there is no anchor &${node.source} before it`
            : `*${node.source} contains itself`;
        faults.push(fault('yaml-alias', path, message, 'Write the value out.'));
        return { value: null, size: 1 };
      }
      aliased += target.size;
      return target;
    }
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return { value: null, size: 1 };
    if (node.tag !== undefined && !CORE_TAGS.test(node.tag)) {
      faults.push(
        fault('yaml-tag', path, `has the tag ${node.tag}`, 'Remove the tag: use plain YAML values.'),
      );
    }
    if (isStrict && isScalar(node) && isPlain(node)) {
      const differs = readDifferently(node.source ?? '', path, 'value');
      if (differs !== undefined) faults.push(differs);
    }
    if (path.length > DEEPEST) {
      faults.push(
        fault('yaml-nesting', path.slice(0, 1), SYNTAX_NESTING, 'Check that this is the topology file.'),
      );
      return { value: null, size: 1 };
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, 'open');
    const converted = isMap(node)
      ? convertMap(node, path)
      : isSeq(node)
        ? convertSeq(node.items, path)
        : scalar(node.value);
    if (node.anchor !== undefined) anchors.set(node.anchor, converted);
    return converted;
  };

  const convertMap = (map: YAMLMap, path: Path): Converted => {
    const value: Record<string, unknown> = Object.create(null);
    let size = 1;
    for (const pair of map.items) {
      const key = keyOf(pair);
      if (key === undefined || key === '__proto__') {
        const range =
          (pair.key as YamlNode | null)?.range ?? (pair.value as YamlNode | null)?.range ?? map.range;
        const what = key === undefined ? 'a key is not plain text' : '__proto__ cannot be a key';
        faults.push({
          ...fault('yaml-key', path, what, 'Use a name.'),
          ...(range && { at: source.place(range[0], range[1]) }),
        });
        continue;
      }
      if (isStrict && isPlain(pair.key as Scalar)) {
        const differs = readDifferently(key, [...path, key], 'key');
        if (differs !== undefined) faults.push(differs);
      }
      if (Object.hasOwn(value, key)) {
        faults.push(repeated(pair, key, path, source));
        continue;
      }
      const converted = convert(pair.value, [...path, key]);
      value[key] = converted.value;
      size += converted.size;
    }
    return { value, size };
  };

  const convertSeq = (items: readonly unknown[], path: Path): Converted => {
    const converted = items.map((item, index) => convert(item, [...path, index]));
    return {
      value: converted.map((item) => item.value),
      size: converted.reduce((sum, item) => sum + item.size, 1),
    };
  };

  const { value } = convert(document.contents, []);
  if (aliased > MOST_ALIASED) {
    const message = `aliases expand to ${aliased > Number.MAX_SAFE_INTEGER ? 'more than 2^53' : aliased} values`;
    return { value: undefined, faults: [fault('yaml-alias-bomb', [], message, 'Write the values out.')] };
  }
  return { value, faults };
}

/** Unquoted, and not tagged as text. */
const isPlain = ({ type, tag }: Scalar): boolean => type === 'PLAIN' && tag !== 'tag:yaml.org,2002:str';

const SYNTAX_NESTING = 'is nested deeper than any topology';

const scalar = (value: unknown): Converted => ({ value, size: 1 });

function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) && pair.key.value !== null ? keyText(pair.key) : undefined;
}

function repeated(pair: Pair, key: string, path: Path, source: TextSource): Fault {
  const range = (pair.key as YamlNode).range;
  return {
    ...fault('yaml-repeated-key', [...path, key], 'duplicate key', 'Remove one of the two.', {
      notes: [{ path: [...path, key], message: 'first used here' }],
    }),
    ...(range && { at: source.place(range[0], range[1]) }),
  };
}
