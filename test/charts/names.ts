import fc from 'fast-check';

const ALNUM = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Names that YAML 1.1 or 1.2 would read as something else than text, or that are as long as a name may be. */
const AWKWARD = [
  'no',
  'on',
  'y',
  'null',
  'true',
  '1e3',
  '0x10',
  '010',
  '1.5',
  '2024-01-01',
  '1_0',
  'nan',
  '9'.repeat(63),
];

const text = (characters: string, maxLength: number) =>
  fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength }).map((found) => found.join(''));

const label = (alphabet: string) =>
  fc.tuple(text(alphabet, 1), text(`${alphabet}-`, 40), text(alphabet, 1)).map((parts) => parts.join(''));

const dotted = (alphabet: string) =>
  fc
    .oneof(
      fc.array(label(alphabet), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')),
      text(alphabet, 63),
    )
    .filter((name) => name.length <= 63);

/** A region: a label value, of either case. */
export const REGION = fc.oneof(
  dotted(`${ALNUM}${ALNUM.toUpperCase()}`),
  fc.constantFrom(...AWKWARD.filter((name) => !name.includes('_')), 'No', 'NULL', 'R'.repeat(63)),
);

const NODE = fc.oneof(
  dotted(ALNUM),
  fc.constantFrom(...AWKWARD.filter((name) => !name.includes('_')), 'n'.repeat(63)),
);

export const NODES = fc.uniqueArray(NODE, { minLength: 1, maxLength: 6 });
