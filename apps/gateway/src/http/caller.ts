/** What the HTTP connection says of the caller: how long it waits, and whether it still does. */
import type { FastifyReply } from 'fastify';
import { ApiError, callerGoneSignal } from '@watchnext/service';
import { z } from 'zod';
import { CallerGoneError } from '../pipeline/failure';
import { parse } from './parse';

export const DEADLINE_HEADER = 'x-deadline-ms';
/** Less than this could not even be answered from memory. */
export const LEAST_DEADLINE_MS = 20;

const deadline = z.coerce
  .number('must be a whole number of milliseconds')
  .int('must be a whole number of milliseconds')
  .min(LEAST_DEADLINE_MS, `must be ${LEAST_DEADLINE_MS} or more`)
  .optional();

/**
 * How long the caller waits for the whole, in milliseconds; undefined where it does not say. What is longer than the
 * gateway's own deadline is of no effect.
 * @throws ApiError 400
 */
export const callersDeadlineMs = (headers: Record<string, string | undefined>): number | undefined =>
  parse(deadline, headers[DEADLINE_HEADER], DEADLINE_HEADER);

/** Aborted, with a CallerGoneError, when the connection closes before the answer is out. */
export const goneSignal = (reply: FastifyReply): AbortSignal => callerGoneSignal(reply, () => new CallerGoneError());

/** For a request that failed. Nobody reads it; it keeps the caller's leaving from being logged as a failure of ours. */
export function whereCallerGone(error: unknown): never {
  if (error instanceof CallerGoneError) throw new ApiError(499, 'caller-gone', error.message);
  throw error;
}
