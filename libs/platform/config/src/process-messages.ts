/** What a program and the one that started it know of each other: what is told over the IPC channel, and how long a stop may take. */

/** How long a service may take to drain before it ends itself. */
export const SHUTDOWN_LIMIT_MS = 10_000;

/** A service serves. */
export interface ReadyMessage {
  readonly kind: 'ready';
}

/** How far a stage of the trainer is. */
export interface ProgressMessage {
  readonly kind: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly detail: string;
  /** Of `done`, what says nothing of the rate. */
  readonly passedOver: number;
}

/** The trainer ends with `TRAINER_EXIT_CODES.nothingToTrain`. */
export interface NothingToTrainMessage {
  readonly kind: 'nothing to train on';
  /** For a person. */
  readonly reason: string;
}

export type ProcessMessage = ReadyMessage | ProgressMessage | NothingToTrainMessage;

/** Tells the program that started this one, where it listens. */
export function tellParent(message: ProcessMessage): void {
  process.send?.(message);
}

/** Whether what a child told is of that kind: anything may come over the channel. */
export function isMessage<Kind extends ProcessMessage['kind']>(
  kind: Kind,
  message: unknown,
): message is Extract<ProcessMessage, { kind: Kind }> {
  return (message as { kind?: unknown } | null | undefined)?.kind === kind;
}
