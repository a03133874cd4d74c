import { withNumbers } from '../../topology/edit-numbers.ts';

const TEXT = `# A comment.
pods: {mtu: 1420,   cidrs: [10.42.0.0/16]}  # another
"segments":
    a:
        mtu: 0x58c   # in hexadecimal
    b: {  mtu: &wide 1500  }
    c: {mtu: *wide}
    d: {mtu: auto}
`;

test('only the digits change', () => {
  const edits = [
    { path: ['pods', 'mtu'], value: 1370 },
    { path: ['segments', 'a', 'mtu'], value: 1380 },
  ];
  expect(withNumbers(TEXT, edits)).toEqual({
    text: TEXT.replace('1420', '1370').replace('0x58c', '1380'),
  });
});

test('line ends and a byte order mark stay', () => {
  const text = `\ufeff${TEXT.replaceAll('\n', '\r\n')}`;
  expect(withNumbers(text, [{ path: ['pods', 'mtu'], value: 9000 }])).toEqual({
    text: text.replace('1420', '9000'),
  });
});

test.each([
  ['a word', ['segments', 'd', 'mtu']],
  ['an alias', ['segments', 'c', 'mtu']],
  ['what another place shares', ['segments', 'b', 'mtu']],
  ['nothing', ['segments', 'e', 'mtu']],
  ['a map', ['segments', 'a']],
])('%s is not edited', (_, path) => {
  expect(withNumbers(TEXT, [{ path, value: 1 }])).toEqual({ notThere: path });
});
