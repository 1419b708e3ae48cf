/** The public face of every error: {"error": {"code", "message", "field"?}}; causes go to the log only. */
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '@watchnext/service';
import type { FastifyReply } from 'fastify';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
  }
}

/** What Fastify and Nest refuse by themselves, by status. */
const CODES: Record<number, string> = { 400: 'malformed', 404: 'not-found', 413: 'too-large', 415: 'wrong-type' };
const RETRY_AFTER_SECONDS = 1;

@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { status, code, message, field } = publicFace(error);
    if (status >= 500) this.logger.error({ err: error }, 'request failed');
    if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
    void reply.status(status).send({ error: { code, message, ...(field === undefined ? {} : { field }) } });
  }
}

function publicFace(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { retriable, statusCode } = error as { retriable?: boolean; statusCode?: number };
  if (retriable) return new ApiError(503, 'unavailable', 'the events could not be stored; send them again');
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (status && status < 500) return new ApiError(status, CODES[status] ?? 'refused', (error as Error).message);
  return new ApiError(500, 'internal', 'the collector failed; see its log');
}
