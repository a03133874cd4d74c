import type { Argument, Command, Option } from 'commander';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { readAtMost } from '../machine/index.ts';
import { toStdout } from './terminal.ts';

/** A word that may stand there. */
interface Candidate {
  readonly word: string;
  readonly description: string;
}

type Kind = 'nodes' | 'routers' | 'hosts' | 'segments';

/** What a place takes: words of its own, names of the topology, or what only the shell knows. */
type Takes = readonly Candidate[] | readonly Kind[] | ':files' | ':folders' | ':nothing';

/** Names that arguments and options take, by how their help calls them. */
const NAMED: Readonly<Record<string, readonly Kind[]>> = {
  speaker: ['nodes', 'routers'],
  prefix: ['nodes'],
  from: ['nodes', 'routers', 'hosts'],
  to: ['nodes'],
  host: ['nodes', 'routers', 'hosts'],
  node: ['nodes'],
  router: ['routers'],
  fail: ['nodes', 'routers', 'hosts', 'segments'],
};

/**
 * Prints what may stand in place of the last word: a candidate in a line, with its description behind a tab, or `:files` or `:folders`.
 * A topology that cannot be read has no names; nobody wants its faults between two words.
 */
export function complete(root: Command, words: readonly string[]): void {
  // Bash has the = between an option and its value as a word, zsh and fish leave all three together.
  const typed = words.filter((word) => word !== '=');
  const [, joined = '', part] = /^(--[a-z-]+=)(.*)$/.exec(typed.at(-1) ?? '') ?? [];
  const before = [
    ...typed.slice(0, words.at(-1) === '=' ? undefined : -1),
    ...(joined === '' ? [] : [joined.slice(0, -1)]),
  ];
  const last = words.at(-1) === '=' ? '' : (part ?? typed.at(-1) ?? '');
  const { command, values, open } = stateAfter(root, before);
  const takes = placeOf(command, values, open, last);
  if (typeof takes === 'string') {
    if (takes !== ':nothing') toStdout(`${takes}\n`);
    return;
  }
  const candidates = takes.flatMap((one) =>
    typeof one === 'string' ? namesOf(one, topologyOf(words)) : [one],
  );
  for (const { word, description } of candidates) {
    if (word.startsWith(last)) toStdout(`${joined}${word}\t${description}\n`);
  }
}

/** The command so far, how many arguments it has, and the option that still waits for its value. */
function stateAfter(root: Command, words: readonly string[]) {
  let command = root;
  let values = 0;
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    const option = optionsOf(command).find(({ short, long }) => word === short || word === long);
    if (option !== undefined) {
      open = option.required || option.optional ? option : undefined;
      continue;
    }
    if (word.startsWith('-')) continue;
    const inner = values === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (inner === undefined) values += 1;
    else command = inner;
  }
  return { command, values, open };
}

function placeOf(command: Command, values: number, open: Option | undefined, last: string): Takes {
  if (open !== undefined) return optionTakes(open);
  if (last.startsWith('-')) {
    return optionsOf(command).map(({ long, short, description }) => ({
      word: long ?? short ?? '',
      description,
    }));
  }
  const inner =
    values === 0 ? visible(command).map((one) => ({ word: one.name(), description: one.description() })) : [];
  if (inner.length > 0) return inner;
  const taken = command.registeredArguments;
  const argument = taken[values] ?? (taken.at(-1)?.variadic === true ? taken.at(-1) : undefined);
  return argument === undefined ? ':nothing' : argumentTakes(argument);
}

function optionTakes({ argChoices, flags }: Option): Takes {
  if (argChoices !== undefined) return argChoices.map((word) => ({ word, description: '' }));
  if (/<dir>/.test(flags)) return ':folders';
  if (/<(file|name=folder)/.test(flags)) return ':files';
  if (/--fail /.test(flags)) return NAMED.fail ?? [];
  const [, name = ''] = /<([a-z]+)>/.exec(flags) ?? [];
  return NAMED[name] ?? ':nothing';
}

function argumentTakes(argument: Argument): Takes {
  if (argument.argChoices !== undefined)
    return argument.argChoices.map((word) => ({ word, description: '' }));
  return NAMED[argument.name()] ?? ':files';
}

const visible = (command: Command): readonly Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');

const optionsOf = (command: Command): readonly Option[] =>
  command.createHelp().visibleOptions(command) as Option[];

/** Far more than any topology that one completes names of. */
const LARGEST = 2 * 1024 * 1024;

/** The file that the words name, or the usual one. */
function topologyOf(words: readonly string[]): YAMLMap | undefined {
  const at = words.findIndex((word) => word === '-t' || word === '--topology');
  const file = (at < 0 ? undefined : words[at + 1]) ?? 'topology.yaml';
  try {
    const bytes = readAtMost(file, LARGEST);
    const { contents } = parseDocument(Buffer.from(bytes).toString('utf8'), { logLevel: 'silent' });
    return isMap(contents) ? contents : undefined;
  } catch {
    return undefined;
  }
}

/** What means nothing else to a shell: the file may be somebody else's, and the next key runs the line. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9.-]*$/;

function namesOf(kind: Kind, topology: YAMLMap | undefined): Candidate[] {
  const path = kind === 'segments' ? ['underlay', 'segments'] : [kind];
  const map = topology?.getIn(path);
  if (!isMap(map)) return [];
  return map.items.flatMap(({ key }) =>
    isScalar(key) && typeof key.value === 'string' && PLAIN.test(key.value)
      ? [{ word: key.value, description: kind.slice(0, -1) }]
      : [],
  );
}
