import fc from 'fast-check';
import { parse } from 'yaml';
import { loadTopology } from '../../topology/index.ts';

const codesOf = (text: string): string[] => {
  const loaded = loadTopology({ file: 'topology.yaml', bytes: new TextEncoder().encode(text) });
  return loaded.ok ? [] : loaded.faults.map(({ code }) => code);
};

/** How a parser of each version reads it. */
const read = (text: string, version: '1.1' | '1.2'): unknown => {
  const { a } = parse(`a: ${text}`, { version, logLevel: 'silent' });
  return a instanceof Date ? a.toISOString() : a;
};

test('text that the two versions of YAML read differently is refused, as a value and as a key', () => {
  const piece = fc.constantFrom(...'0123456789_.:+-xobeEyYnNfFsST=', 'yes', 'no', 'on', 'off', '2024-01-');
  const written = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(written, (text) => {
      let values: unknown[];
      try {
        values = [read(text, '1.1'), read(text, '1.2')];
      } catch {
        return;
      }
      // The library takes `e1` and `._` for broken numbers in YAML 1.1, whose rules require a digit.
      if (Object.is(values[0], values[1]) || Number.isNaN(values[0]) || typeof values[1] === 'object') return;
      expect({ text, codes: codesOf(`version: 1\nname: ${text}\n`) }).toEqual({
        text,
        codes: expect.arrayContaining([expect.stringMatching(/^(yaml-versions|type)$/)]),
      });
      expect({ text, codes: codesOf(`version: 1\nnodes: {${text}: {}}\n`) }).toEqual({
        text,
        codes: expect.arrayContaining(['yaml-versions']),
      });
    }),
    { numRuns: 3000, examples: [['._0'], ['.5_0'], ['1_0.']] },
  );
});
