/**
 * Aborts at this time of `performance.now()`, or with `stop`. Not by AbortSignal.any: of a time limit that only such a signal refers to
 * Node 20 forgets at its next garbage collection that it ends (nodejs/node#57736).
 */
export function until(time: number, stop?: AbortSignal): AbortSignal {
  const ends = new AbortController();
  const timer = setTimeout(
    () => ends.abort(new DOMException('The time is up.', 'TimeoutError')),
    Math.max(0, Math.ceil(time - performance.now())),
  );
  // It keeps no process alive that has nothing else to do.
  timer.unref();
  const onStop = () => {
    clearTimeout(timer);
    ends.abort(stop?.reason);
  };
  if (stop?.aborted === true) onStop();
  else stop?.addEventListener('abort', onStop, { once: true, signal: ends.signal });
  return ends.signal;
}
