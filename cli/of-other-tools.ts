import type { Command } from 'commander';

/** What other tools call it: too far from our words for a guess by letters. */
const WORDS: Readonly<Record<string, string>> = {
  plan: 'ship --plan',
  preview: 'ship --plan',
  apply: 'ship',
  deploy: 'ship',
  deliver: 'ship',
  push: 'ship',
  sync: 'ship',
  render: 'synth',
  build: 'synth',
  generate: 'synth',
  compile: 'synth',
  template: 'synth',
  validate: 'check',
  verify: 'check',
  lint: 'check',
  trace: 'path',
  traceroute: 'path',
  route: 'explain',
  routes: 'explain',
  why: 'explain',
  test: 'lab',
  try: 'lab',
  simulate: 'lab',
  rehearse: 'lab rehearse',
  new: 'init',
  create: 'init',
  start: 'init',
  import: 'adopt',
  review: 'diff',
  update: 'upgrade',
};

/** Answers a word of another tool with ours, and any other unknown command as Commander does. */
export function ofOtherTools(root: Command): void {
  root.on('command:*', ([word = '']: readonly string[]) => {
    const ours = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    const isHere = root.commands.some((command) => command.name() === ours?.split(' ')[0]);
    if (!isHere) (root as Command & { unknownCommand(): never }).unknownCommand();
    const message = `error: unknown command '${word}'\n(Did you mean ${ours}?)`;
    root.error(message, { code: 'commander.unknownCommand' });
  });
}
