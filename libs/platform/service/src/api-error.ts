/** The public face of every HTTP error: {"error": {"code", "message", "field"?, "requestId"}}. Causes go to the log only. */
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LineLimit } from './line-limit';
import type { Logger } from './logger';
import { type IdentifiedRequest, REQUEST_ID_HEADER, requestIdOf } from './request-id';

const RETRY_AFTER_SECONDS = 1;
/** Of answers such as 503: while a store is down there are as many as there are requests. */
const FAILURES_LOGGED_A_SECOND = 10;

export class ApiError extends Error {
  /** When it is worth asking again, for the header Retry-After. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Query parameter, path part, header or path into the body at fault. */
    readonly field?: string,
    options?: ErrorOptions & { readonly retryAfterSeconds?: number },
  ) {
    super(message, options);
    this.name = 'ApiError';
    this.retryAfterSeconds = options?.retryAfterSeconds ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined);
  }

  get body() {
    return {
      error: { code: this.code, message: this.message, ...(this.field === undefined ? {} : { field: this.field }) },
    };
  }
}

/** What Fastify and Nest refuse by themselves, by status. */
const CODES: Record<number, string> = {
  400: 'malformed',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'too-large',
  415: 'wrong-type',
};

/** Answers whatever a route throws: errors of ours as they are, retriable ones with 503, bugs with 500 and no details. */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  private readonly failureLines = new LineLimit(FAILURES_LOGGED_A_SECOND, (leftOut) =>
    this.logger.error({ leftOut }, 'could not answer, more often'),
  );

  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const face = publicFace(error);
    const requestId = requestIdOf(request);
    // Each bug is told of.
    if (face.status === 500 || (face.status > 500 && this.failureLines.take()))
      // By the pattern: the address names the user that it is about.
      this.logger.error({ requestId, err: error, route: request.routeOptions.url }, 'could not answer');
    answer(request, host.switchToHttp().getResponse<FastifyReply>(), face);
  }
}

/** Fastify's own refusals, before any route: an address that cannot be decoded, or that is too long. */
export function answerFrameworkError(error: Error, request: IdentifiedRequest, reply: FastifyReply): void {
  answer(request, reply, publicFace(error));
}

function answer(request: IdentifiedRequest, reply: FastifyReply, face: ApiError): void {
  const { status, retryAfterSeconds } = face;
  const requestId = requestIdOf(request);
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds);
  const body = { error: { ...face.body.error, requestId } };
  // No hook comes before what Fastify refuses by itself.
  void reply.header(REQUEST_ID_HEADER, requestId);
  void reply.status(status).header('cache-control', 'no-store').send(body);
}

function publicFace(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { retriable, statusCode } = (error ?? {}) as { retriable?: boolean; statusCode?: number };
  if (retriable)
    return new ApiError(503, 'unavailable', 'a store behind this service does not answer; send the request again');
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiError(status, CODES[status] ?? 'refused', (error as Error).message);
  }
  return new ApiError(500, 'internal', 'an error of the service itself; its log has the details');
}
