import { parseDocument } from 'yaml';
import type { Fault } from './fault.ts';
import { fault } from './fault.ts';
import type { Source } from './source.ts';
import { yamlSource } from './source.ts';

export interface YamlReading {
  readonly source: Source;
  /** Undefined where the text is no YAML that a topology could be read from. */
  readonly value: unknown;
  readonly faults: readonly Fault[];
}

/** Text to plain values. `uniqueKeys` is off because the library compares all pairs of keys: see `toMap`. */
export function readYaml(file: string, text: string): YamlReading {
  const document = parseDocument(text, {
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
    strict: true,
  });
  const source = yamlSource(file, text, document);
  if (document.errors.length > 0) {
    return {
      source,
      value: undefined,
      faults: document.errors.map((error) => ({
        ...fault('yaml', [], error.message, 'Mend it.'),
        at: source.place(...error.pos),
      })),
    };
  }
  return { source, value: document.toJS(), faults: [] };
}
