import { harmless, jsonText, printable } from '../../topology/foreign.ts';
import { obeyed } from './obeyed.ts';

/** What a terminal obeys: colours, titles, links, the clipboard, the cursor; their C1 forms; what reorders or hides text. */
const ODD = [
  '\u001b[31m',
  '\u001b[8m',
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u001b]8;;https://example.org\u001b\\',
  '\u001b]52;c;cm0gLXJm\u0007',
  '\u001bP+q\u001b\\',
  '\u009b31m',
  '\u009d52;c;x\u009c',
  '\u0090q\u009c',
  '\r',
  '\b',
  '\u0000',
  '\u007f',
  '\u0085',
  '\u202e',
  '\u2066',
  '\u200f',
  '\u200b',
  '\u2028',
  '\ufeff',
  '\u034f',
  '\ufe0f',
  '\u3164',
  '\u{e0041}',
  '\u{e0100}',
  '\ud800',
];

const COMMANDS = [
  '::set-output name=x::y',
  '  ::error::no',
  '\t::add-mask::a',
  '\u00a0\u3000::warning file=a::b',
  '\u200b::notice::x',
  ':\u200d:error::x',
  '\ufe0f::error::x',
  '##[error]no',
  'text ##[set-env name=PATH]/tmp',
  '#\u200b#[error]no',
  '##\u034f[error]no',
  '####[group]x',
  'a\n::stop-commands::x',
  'a\r::error::x',
  'a\r\n##[add-path]x',
  '::error%0A::x',
];

test.each(ODD)('%j is shown, not interpreted', (odd) => {
  for (const text of [harmless(`a${odd}b\n\t${odd}`), printable(odd)]) {
    expect(text.replace(/[\n\t]/g, '')).toMatch(/^[\x20-\x7e]+$/);
  }
  expect(harmless(`a${odd}b`)).toContain('<U+');
  const json = jsonText({ [odd]: [odd] });
  expect(json.replaceAll('\n', '')).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(json)).toEqual({ [odd]: [odd] });
});

test.each(COMMANDS)('%j starts no command of the runner', (command) => {
  // The test would notice one.
  expect(command.split(/[\r\n]/).some(obeyed) || command.includes('%')).toBe(true);
  for (const text of [harmless(command), harmless(`x\n${command}`), jsonText([command])]) {
    expect(text.split(/[\r\n]/).filter(obeyed)).toEqual([]);
  }
  expect(JSON.parse(jsonText([command]))).toEqual([command]);
});

test.each(['plain', 'ünïcödé 漢字', 'fd00::1 via ::', '::/0', '\tindented', 'a # [b]', 'key: value'])(
  '%j is left as it is',
  (text) => {
    expect(harmless(text)).toBe(text);
  },
);

test('harmless text stays unchanged', () => {
  for (const text of [...ODD, ...COMMANDS]) expect(harmless(harmless(text))).toBe(harmless(text));
});
