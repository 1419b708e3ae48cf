/** For programs that start servers: Ctrl-C and SIGTERM stop them first. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** @param running what must still be stopped, as of the signal */
export function stopOnSignal(running: ReadonlySet<() => Promise<void>>): void {
  for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
    process.once(signal, () => {
      void Promise.allSettled([...running].map((stop) => stop())).then(() => process.exit(exitCode));
    });
  }
}
