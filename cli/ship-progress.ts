import { type JournalEvent, journalLines } from '../delivery/index.ts';
import { liveList } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** Shows a delivery while it goes on: a line for each router on a terminal, a line for each event in a log. */
export function shipProgress(
  routers: readonly string[],
  terminal: Terminal,
): { show(event: JournalEvent): void; end(): Promise<void> } {
  if (!terminal.live) return { show: (event) => terminal.say(journalLines(event)), end: async () => {} };
  const list = liveList(routers);
  return {
    show: (event) => {
      if (event.event === 'step') {
        const { router, step, outcome, details } = event;
        const detail = outcome === 'failed' ? `: ${details[0]?.split('\n')[0] ?? ''}` : '';
        list.update(router, `${step}${outcome === 'started' ? '' : ` ${outcome}`}${detail}`);
      } else if (event.event === 'ended') {
        for (const { router, outcome } of event.routers) {
          list.finish(router, outcome, ['shipped', 'unchanged', 'ready', 'untouched'].includes(outcome));
        }
      }
    },
    end: list.end,
  };
}
