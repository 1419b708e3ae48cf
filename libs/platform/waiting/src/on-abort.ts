/** Fulfils once the signal is aborted, at once where it is already. For one wait: on a signal of many waits listeners would pile up. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void onAbort(signal, resolve));
}

/** Calls `listener` once: when the signal is aborted, or at once where it is already. @returns what ends the listening */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal?.aborted) listener();
  else signal?.addEventListener('abort', listener, { once: true });
  return () => signal?.removeEventListener('abort', listener);
}
