/** Calls what the caller gave: it must not stop the delivery. */
export function callBack(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.emitWarning(`a callback of the producer client threw: ${String(error)}`, {
      code: 'WATCHNEXT_PRODUCER_CALLBACK',
      detail: (error as Error | undefined)?.stack,
    });
  }
}
