/** What a program and the one that started it know of each other: what is told over the IPC channel, and how long a stop may take. */

/** How long a service may take to drain before it ends itself. */
export const SHUTDOWN_LIMIT_MS = 10_000;

/** A service serves. */
export interface ReadyMessage {
  readonly kind: 'ready';
}

export const isReadyMessage = (message: unknown): message is ReadyMessage => kindOf(message) === 'ready';

/** Tells the program that started this one, where it listens. */
export function tellParent(message: ReadyMessage): void {
  process.send?.(message);
}

function kindOf(message: unknown): unknown {
  return (message as { kind?: unknown } | null | undefined)?.kind;
}
