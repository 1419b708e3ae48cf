/** The public face of every error: {"error": {"code", "message", "field"?}}. Causes go to the log only. */
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Logger } from '@watchnext/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Query parameter, path part or header at fault. */
    readonly field?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
  }

  get body() {
    return {
      error: { code: this.code, message: this.message, ...(this.field === undefined ? {} : { field: this.field }) },
    };
  }
}

/** Codes of what Fastify and Nest refuse themselves. */
const CODES: Record<number, string> = {
  400: 'malformed',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'too-large',
  415: 'wrong-type',
};

@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const known = toApiError(error);
    if (known.status >= 500) this.logger.error({ err: error, path: request.url }, 'could not answer');
    void reply.status(known.status).header('cache-control', 'no-store').send(known.body);
  }
}

/** Fastify's own refusals, before any route: an address that cannot be decoded, or that is too long. */
export function answerFrameworkError(error: Error, _request: unknown, reply: FastifyReply): void {
  const { status, body } = toApiError(error);
  void reply.status(status).header('cache-control', 'no-store').send(body);
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiError(status, CODES[status] ?? 'refused', (error as Error).message);
  }
  return new ApiError(500, 'internal', 'an error of the gateway itself; its log has the details');
}
