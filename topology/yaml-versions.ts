import type { Fault } from './fault.ts';
import { fault } from './fault.ts';
import { quoted } from './fields.ts';
import type { Path } from './model.ts';

/**
 * Unquoted values that YAML 1.1 (PyYAML, go-yaml's old rules, many editors) and YAML 1.2 read differently: a reviewer or a
 * tool would see a different network than the rendered one. Sections 2.4 and 10.3 of YAML 1.2.2, and the YAML 1.1 types at yaml.org/type.
 */
const DIFFERENT: readonly (readonly [written: RegExp, in11: string, in12: string, fix: string])[] = [
  [
    /^[-+]?0[0-9_]+$/,
    'an octal number',
    'a decimal number',
    'Write plain digits without a leading zero, or text in quotes.',
  ],
  [/^[-+]?0o[0-7_]+$/, 'text', 'an octal number', 'Write the number in plain digits, or text in quotes.'],
  [/^[-+]?0b[01_]+$/, 'a binary number', 'text', 'Write the number in plain digits, or text in quotes.'],
  [
    /^([-+]0x[0-9a-fA-F_]+|0x[0-9a-fA-F]*_[0-9a-fA-F_]*)$/,
    'a hexadecimal number',
    'text',
    'Write the number in plain digits, or text in quotes.',
  ],
  [
    /^(?=.*_)[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9_]+)([eE][-+]?[0-9]+)?$/,
    'a number',
    'text',
    'Write the number in plain digits, or text in quotes.',
  ],
  [/^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/, 'a base-60 number', 'text', 'Put it in quotes.'],
  [
    /^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][0-9]+|[-+]?[0-9]+[eE][-+][0-9]+)$/,
    'text',
    'a number',
    'Write the number in plain digits, or text in quotes.',
  ],
  [/^(y|Y|yes|Yes|YES|on|On|ON)$/, 'true', 'text', 'Write true, or text in quotes.'],
  [/^(n|N|no|No|NO|off|Off|OFF)$/, 'false', 'text', 'Write false, or text in quotes.'],
  [/^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$/, 'a date', 'text', 'Put it in quotes.'],
  [/^=$/, 'a default value', 'text', 'Put it in quotes.'],
];

/** The fault of an unquoted key or value that YAML versions read differently. */
export function readDifferently(source: string, path: Path, part: 'key' | 'value'): Fault | undefined {
  // Almost every value of a topology ends here.
  if (!/^([-+.0-9=]|[yYnNoO][a-zA-Z]{0,2}$)/.test(source)) return undefined;
  const found = DIFFERENT.find(([written]) => written.test(source));
  if (found === undefined) return undefined;
  const [, in11, in12, fix] = found;
  const message = `${quoted(source)} without quotes is ${in11} in YAML 1.1, and ${in12} in YAML 1.2`;
  return fault('yaml-versions', path, message, fix, part === 'key' ? { part } : {});
}
