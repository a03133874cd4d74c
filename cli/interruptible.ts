import type { Terminal } from './terminal.ts';

/**
 * The first interrupt is told to whoever listens, who ends in order, and `says` what becomes of what goes on; the second ends
 * at once, with what is `left` then.
 */
export function interruptible(
  message: string,
  terminal: Terminal,
  left: () => string = () => '',
): { stop: AbortSignal; release: () => void } {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) {
      const told = left();
      if (told !== '') terminal.complain(told);
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
