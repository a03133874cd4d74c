import { Argument, type Command } from 'commander';
import { examples } from './command.ts';

/** For the shell: its completion. */
export function shellCommands(root: Command): void {
  root
    .command('completion')
    .description('Print the script that completes commands, options and names in a shell.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .allowExcessArguments(false)
    .addHelpText(
      'after',
      examples(
        'noencap completion bash >> ~/.bashrc',
        'noencap completion zsh >> ~/.zshrc',
        'noencap completion fish > ~/.config/fish/completions/noencap.fish',
      ),
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') =>
      (await import('../completion-script.ts')).printScript(shell),
    );
  // What these scripts ask: each possible word in a line, with its description behind a tab.
  root
    .command('complete', { hidden: true })
    .argument('[words...]')
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: readonly string[]) => (await import('../complete.ts')).complete(root, words));
}
