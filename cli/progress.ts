import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Terminal } from './terminal.ts';

/** One step of a longer command: what it is called, and what it does. `say` shows how far it is. */
export interface Step {
  readonly title: string;
  run(say: (detail: string) => void): Promise<void>;
}

/** Runs steps one after the other; live on a terminal, silent elsewhere. The first one that fails ends it. */
export async function runSteps(steps: readonly Step[], terminal: Terminal): Promise<void> {
  if (!terminal.live) {
    for (const step of steps) await step.run(() => {});
    return;
  }
  // From noencap's own packages, and only here: most runs draw nothing.
  const { Listr, ListrLogger, ProcessOutput } = createRequire(realpathSync(process.argv[1] ?? '.'))(
    'listr2',
  ) as typeof import('listr2');
  const processOutput = new ProcessOutput(process.stderr, process.stderr);
  const tasks = steps.map(({ title, run }) => ({
    title,
    task: async (_: unknown, task: { title: string }) =>
      run((detail) => {
        task.title = `${title}: ${detail}`;
      }),
  }));
  await new Listr(tasks, {
    registerSignalListeners: false,
    rendererOptions: { logger: new ListrLogger({ processOutput }), showErrorMessage: false },
  }).run();
}
