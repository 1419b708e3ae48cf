/** For programs that start servers: Ctrl-C and SIGTERM stop them first. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * What does not let itself be stopped is told on stderr, and does not keep the others running. A second signal ends at once.
 *
 * @param running what must still be stopped, as of the signal
 */
export function stopOnSignal(running: ReadonlySet<() => Promise<void>>): void {
  for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
    process.once(signal, () => void stopAll(running).then(() => process.exit(exitCode)));
  }
}

async function stopAll(running: ReadonlySet<() => Promise<void>>): Promise<void> {
  const outcomes = await Promise.allSettled([...running].map(async (stop) => stop()));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') console.error('could not stop a server:', outcome.reason);
  }
}
