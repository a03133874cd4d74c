import type { EventEmitter } from 'node:events';
import type { Command, Option } from 'commander';
import { EXIT_CODES, program } from '../cli/program.ts';
import { wrapped } from '../cli/wrapped.ts';
import ours from '../package.json' with { type: 'json' };
import { NOENCAP } from '../topology/own-command.ts';

/** The manual page, in man(7): what the command line says of itself, in the order of its help. */
export function manPage(): string {
  const root = program();
  return `${[
    `.TH NOENCAP 1 "" "noencap ${ours.version}"`,
    '.SH NAME',
    `noencap \\- ${plain(root.description()).replace(/^A /, 'a ').replace(/\.$/, '')}`,
    '.SH SYNOPSIS',
    '.B noencap',
    plain('<command> [options]'),
    '.SH COMMANDS',
    ...shown(root).flatMap((command) => [...section(command), ...shown(command).flatMap(section)]),
    '.SH EXIT STATUS',
    ...EXIT_CODES.replace(/^Exit codes: |\.$/g, '')
      .split('; ')
      .flatMap((code) => ['.TP', `.B ${code.slice(0, 1)}`, plain(code.slice(2))]),
    '.SH SEE ALSO',
    '.BR bird (8),',
    '.BR birdc (8),',
    '.BR kubectl (1)',
  ].join('\n')}\n`;
}

/** A command: how it is written, what it does, its options and arguments, and examples. */
function section(command: Command): string[] {
  const name = fullName(command);
  const described = command.registeredArguments.filter(({ description }) => description !== '');
  return [
    `.SS ${plain(name)}`,
    `.B ${plain(name)}`,
    plain(command.usage()),
    '.PP',
    ...prose(command.description()),
    ...described.flatMap((argument) => [
      '.TP',
      `.I ${plain(argument.name())}`,
      ...prose(command.createHelp().argumentDescription(argument)),
    ]),
    ...optionsOf(command).flatMap((option) => [
      '.TP',
      `.B ${plain(option.flags)}`,
      ...prose(command.createHelp().optionDescription(option)),
    ]),
    ...examplesOf(command),
  ];
}

function examplesOf(command: Command): string[] {
  const lines = afterHelp(command)
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .map((line) => plain(line.trim()));
  return lines.length === 0 ? [] : ['.PP', 'Examples:', '.PP', '.RS 4', '.nf', ...lines, '.fi', '.RE'];
}

/** Commander keeps the end of a help text as what listens for it. */
function afterHelp(command: Command): string {
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  (command as Command & EventEmitter).emit('afterHelp', { error: false, command, write });
  return text;
}

const shown = (command: Command): readonly Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');

const optionsOf = (command: Command): readonly Option[] => command.createHelp().visibleOptions(command);

const fullName = (command: Command): string =>
  command.parent === null ? 'noencap' : `${fullName(command.parent)} ${command.name()}`;

const prose = (text: string): string[] => wrapped(text, '', 72).map(plain);

/** Text of roff: what begins a request or an escape means itself, and options have hyphens that one can copy. */
const plain = (text: string): string =>
  text
    .replaceAll(NOENCAP, 'noencap')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^[.']/, '\\&$&');
