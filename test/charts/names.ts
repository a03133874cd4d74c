import fc from 'fast-check';

const ALNUM = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Names that YAML 1.1 or 1.2 would not read as text, or of the maximum length. */
const AWKWARD = [
  'no',
  'on',
  'y',
  'null',
  'true',
  '1e3',
  '0x10',
  '0b1',
  '0o0',
  '0o17',
  '010',
  '1.5',
  '2024-01-01',
  'nan',
  '9'.repeat(56),
];

const text = (characters: string, maxLength: number) =>
  fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength }).map((found) => found.join(''));

const label = (alphabet: string) =>
  fc.tuple(text(alphabet, 1), text(`${alphabet}-`, 40), text(alphabet, 1)).map((parts) => parts.join(''));

const dotted = (alphabet: string, longest: number) =>
  fc
    .oneof(
      fc.array(label(alphabet), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')),
      text(alphabet, longest),
    )
    .filter((name) => name.length <= longest);

/** A region: a label value, in upper or lower case. */
export const REGION = fc.oneof(
  dotted(`${ALNUM}${ALNUM.toUpperCase()}`, 63),
  fc.constantFrom(...AWKWARD, 'No', 'NULL', '0X1F', '0O17', '0B1', 'R'.repeat(63)),
);

const NODE = fc.oneof(dotted(ALNUM, 56), fc.constantFrom(...AWKWARD, 'n'.repeat(56)));

/** BIRD allows neither `-` nor `.` in names, so no two nodes may differ only in those. */
export const NODES = fc.uniqueArray(NODE, {
  minLength: 1,
  maxLength: 6,
  selector: (name) => name.replace(/[-.]/g, '_'),
});
