/** What services that can do without the event log for a while do alike: open it though it is down, and follow it once it is back. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLogSettings } from '@watchnext/config';
import { type EventLog, EventLogError, type LogClient, openEventLog, type Subscription } from '@watchnext/event-log';
import type { Logger } from './logger';

const RETRY_MS = 2_000;
/** What was refused is so until somebody changes topics, rights or settings. */
const REFUSED_RETRY_MS = 15_000;
/** A stop waits so long for an attempt at work; one that hangs on a dead broker ends by itself. */
const STOP_WAIT_MS = 1_000;
const HANGS = Symbol('hangs');

export interface ServiceLog {
  readonly eventLog: EventLog;
  /** Why the log did not answer when it was opened. */
  readonly unavailable: Error | undefined;
}

/**
 * Opens the log that the settings name, also where it is down. @throws as `openEventLog`, except LogUnavailableError: what a
 * broker refuses, such as credentials, ends the start
 */
export async function openServiceLog(
  settings: EventLogSettings,
  embeddedFolder: string,
  app: LogClient,
  logger: Logger,
): Promise<ServiceLog> {
  let unavailable: Error | undefined;
  const onUnavailable = (error: Error) => {
    unavailable = error;
    logger.error({ err: error }, 'the event log does not answer; starting without it, and trying again');
  };
  const eventLog = await openEventLog(settings, embeddedFolder, app, { onUnavailable });
  return { eventLog, unavailable };
}

export interface FollowLogOptions {
  /** What goes on in the meantime, for the log: "no catalogue yet". */
  readonly without: string;
  readonly logger: Logger;
  readonly subscribe: () => Promise<Subscription>;
  /** Told of every attempt that failed. */
  readonly onFailure?: (error: unknown) => void;
  readonly retryMs?: number;
}

export interface LogFollowing {
  /** Fulfils once the subscription stands; not at all where it is stopped before. */
  readonly established: Promise<void>;
  /** Fulfils with what the first attempt failed with, or undefined. */
  readonly firstFailure: Promise<unknown>;
  /** Ends the subscription, and the attempts at it. */
  stop(): Promise<void>;
}

/** Subscribes, and tries again until it works: the log may be down, or its topics not be there yet. */
export function followLog(options: FollowLogOptions): LogFollowing {
  const { subscribe, logger, without, onFailure, retryMs = RETRY_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const first = subscribe();
  const wait = async (error: unknown) => {
    onFailure?.(error);
    const isRefusal = isRefused(error);
    if (isRefusal) logger.error({ err: error }, `${without}: the event log refuses it; trying again`);
    else logger.warn({ err: error }, `${without}: the event log does not answer; trying again`);
    const waitMs = isRefusal ? Math.max(REFUSED_RETRY_MS, retryMs) : retryMs;
    await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  };
  const subscribed = (async () => {
    for (let attempt = first; ; attempt = subscribe()) {
      try {
        return await attempt;
      } catch (error) {
        if (!signal.aborted) await wait(error);
        if (signal.aborted) return undefined;
      }
    }
  })();
  return {
    established: new Promise((resolve) => {
      void subscribed.then((subscription) => subscription && !signal.aborted && resolve());
    }),
    firstFailure: first.then(
      () => undefined,
      (error: unknown) => error ?? new Error('failed'),
    ),
    stop: async () => {
      stopping.abort();
      const stopped = subscribed.then((subscription) => subscription?.stop());
      const hangs = delay(STOP_WAIT_MS, HANGS, { ref: false });
      // Once it stands it is let finish what it is at.
      if ((await Promise.race([subscribed, hangs])) === HANGS) stopped.catch(() => undefined);
      else await stopped;
    },
  };
}

/**
 * For a start that goes on without the log: fulfils once the subscription stands, and at the latest after `limitMs`.
 * @param stopping aborted, it fulfils at once
 * @throws EventLogError at once where the log answers the first attempt and refuses: only people can change that
 */
export async function untilFollowing(
  { established, firstFailure }: Pick<LogFollowing, 'established' | 'firstFailure'>,
  limitMs: number,
  stopping: AbortSignal = new AbortController().signal,
): Promise<void> {
  const refused = new Promise<never>((_, reject) => {
    void firstFailure.then((failure) => isRefused(failure) && reject(failure as Error));
  });
  const waiting = new AbortController();
  const signal = AbortSignal.any([waiting.signal, stopping]);
  const limit = delay(limitMs, undefined, { ref: false, signal }).catch(() => undefined);
  try {
    await Promise.race([established, refused, limit]);
  } finally {
    waiting.abort();
  }
}

/** Whether the log answered, and said no: asking again changes nothing. */
export function isRefused(error: unknown): boolean {
  return error instanceof EventLogError && !error.retriable;
}
