import type { Terminal } from './terminal.ts';

/**
 * The first interrupt is told to whoever listens, who ends in order, and `says` what becomes of what goes on; the second ends
 * at once.
 */
export function interruptible(says: string, terminal: Terminal): { stop: AbortSignal; release: () => void } {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130);
    terminal.complain(says);
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
