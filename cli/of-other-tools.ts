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

/** The same behind `lab`. */
const LAB_WORDS: Readonly<Record<string, string>> = {
  start: 'lab up',
  create: 'lab up',
  deploy: 'lab up',
  stop: 'lab down',
  destroy: 'lab down',
  delete: 'lab down',
  ssh: 'lab exec',
  shell: 'lab exec',
  run: 'lab exec',
  bird: 'lab birdc',
  test: 'lab',
  reboot: 'lab rehearse --reboot',
};

/** Answers a word of another tool with ours, and any other unknown command as Commander does. */
export function ofOtherTools(root: Command): void {
  root.on('command:*', ([word = '']: readonly string[]) => answer(root, word, WORDS));
}

/** The same behind `lab`, which does something without a word, so that Commander takes any other for an argument too many. */
export function ofOtherLabs(lab: Command): void {
  lab.allowExcessArguments().hook('preAction', (_, command) => {
    const [word] = command === lab ? lab.args : [];
    if (word !== undefined) answer(lab, word, LAB_WORDS);
  });
}

function answer(command: Command, word: string, words: Readonly<Record<string, string>>): never {
  const ours = Object.hasOwn(words, word) ? words[word] : undefined;
  if (ours === undefined) return (command as Command & { unknownCommand(): never }).unknownCommand();
  const message = `error: unknown command '${word}'\n(Did you mean ${ours}?)`;
  return command.error(message, { code: 'commander.unknownCommand' });
}
