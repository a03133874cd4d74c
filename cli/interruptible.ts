import type { Terminal } from './terminal.ts';

/**
 * The first interrupt aborts `stop`, so that its listeners end in order, and prints `message` about the work in progress; the second
 * ends at once, and prints what is `left` then.
 */
export function interruptible(
  message: string,
  terminal: Terminal,
  left: () => string = () => '',
): { stop: AbortSignal; release: () => void } {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) {
      const notice = left();
      if (notice !== '') terminal.complain(notice);
      process.exit(130);
    }
    terminal.complain(message);
    stop.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const one of signals) process.on(one, onSignal);
  return {
    stop: stop.signal,
    release: () => {
      for (const one of signals) process.off(one, onSignal);
    },
  };
}
