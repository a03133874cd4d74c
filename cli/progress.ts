import { printable } from '../topology/foreign.ts';
import { loadListr } from './listr.ts';
import type { Terminal } from './terminal.ts';

/** One step of a longer command: what it is called, and what it does. `say` shows how far it is. */
export interface ProgressStep {
  readonly title: string;
  run(say: (detail: string) => void): Promise<void>;
}

/** Runs steps one after the other; live on a terminal, silent elsewhere. The first one that fails ends it. */
export async function runSteps(steps: readonly ProgressStep[], terminal: Terminal): Promise<void> {
  if (!terminal.live) {
    for (const step of steps) await step.run(() => {});
    return;
  }
  const tasks = steps.map(({ title, run }) => ({
    title: printable(title),
    task: async (_: unknown, task: { title: string }) =>
      run((detail) => {
        task.title = printable(`${title}: ${detail}`);
      }),
  }));
  await drawn(tasks, false);
}

/** Parallel tasks with their current step; for a terminal. */
export interface LiveList {
  update(name: string, detail: string): void;
  /** It has ended; the first end counts. */
  finish(name: string, detail: string, isWell: boolean): void;
  /** All have ended, and the list is final. */
  end(): Promise<void>;
}

export function liveList(names: readonly string[]): LiveList {
  const lines = new Map(names.map((name) => [name, line(name)]));
  const all = drawn(
    [...lines.values()].map(({ title, task }) => ({ title, task })),
    true,
  );
  return {
    update: (name, detail) => lines.get(name)?.update(detail),
    finish: (name, detail, isWell) => lines.get(name)?.finish(detail, isWell),
    end: async () => {
      for (const { finish } of lines.values()) finish('', true);
      await all;
    },
  };
}

function line(title: string) {
  let shown: { title: string } | undefined;
  let settle: (isWell: boolean) => void = () => {};
  const ended = new Promise<void>((done, fail) => {
    settle = (isWell) => (isWell ? done() : fail(new Error(title)));
  });
  const update = (detail: string) => {
    if (shown !== undefined && detail !== '') shown.title = printable(`${title}: ${detail}`);
  };
  return {
    title: printable(title),
    task: (_: unknown, task: { title: string }) => {
      shown = task;
      return ended;
    },
    update,
    finish: (detail: string, isWell: boolean) => {
      update(detail);
      settle(isWell);
    },
  };
}

type Task = { title: string; task: (context: unknown, task: { title: string }) => Promise<void> };

async function drawn(tasks: readonly Task[], concurrent: boolean): Promise<void> {
  const { Listr, ListrLogger, ProcessOutput } = await loadListr();
  const processOutput = new ProcessOutput(process.stderr, process.stderr);
  await new Listr([...tasks], {
    concurrent,
    exitOnError: !concurrent,
    registerSignalListeners: false,
    rendererOptions: { logger: new ListrLogger({ processOutput }), showErrorMessage: false },
  }).run();
}
