/** A check sees the log once, user by user, and then tells what it found. */
import type { Event, VideoFacts } from '@watchnext/contract';
import type { Finding } from './finding';
import type { Playback } from './playbacks';
import type { WithoutRepetitions } from './repetitions';

/** What one user did. */
export interface UserLog {
  readonly userId: string;
  /** In log order, without those that are dropped as repetitions. */
  readonly events: readonly LoggedEvent[];
  readonly repetitions: Pick<WithoutRepetitions, 'droppedCount' | 'countedAgain'>;
  /** What the watches among them come to. */
  readonly playbacks: readonly Playback[];
}

export interface LoggedEvent {
  readonly offset: number;
  readonly event: Event;
}

/** What is known of the log before it is read. */
export interface LogFacts {
  readonly catalogue: ReadonlyMap<string, VideoFacts>;
  readonly nowMs: number;
}

export interface Check {
  see(user: UserLog): void;
  findings(): readonly Finding[];
}

export type CheckClass = new (facts: LogFacts) => Check;
