/**
 * Aborts at this time of `performance.now()`, or with `stop`. Not by AbortSignal.any: Node 20 drops a timeout that only such a
 * signal refers to at its next garbage collection, so it never fires (nodejs/node#57736).
 */
export function until(time: number, stop?: AbortSignal): AbortSignal {
  const ends = new AbortController();
  const timer = setTimeout(
    () => ends.abort(new DOMException('The time is up.', 'TimeoutError')),
    Math.max(0, Math.ceil(time - performance.now())),
  );
  // It does not keep the process alive.
  timer.unref();
  const onStop = () => {
    clearTimeout(timer);
    ends.abort(stop?.reason);
  };
  if (stop?.aborted === true) onStop();
  else stop?.addEventListener('abort', onStop, { once: true, signal: ends.signal });
  return ends.signal;
}
