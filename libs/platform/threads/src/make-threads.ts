/** Makes so many threads. @throws what making one of them throws; those made before are closed then */
export function makeThreads<Made extends { close(): Promise<void> }>(
  count: number,
  make: (index: number) => Made,
): Made[] {
  const made: Made[] = [];
  try {
    while (made.length < count) made.push(make(made.length));
    return made;
  } catch (error) {
    for (const thread of made) void thread.close();
    throw error;
  }
}
