import { status, type handleUnaryCall, Metadata, type ServiceError } from '@grpc/grpc-js';
import { LineLimit } from './line-limit';
import type { Logger } from './logger';
import type { MetricsRegistry } from './metrics';
import { countRpc } from './service-metrics';
import { UndecodableRequest } from './undecodable';
import { SpanKind, traceContextOf, withSpan } from './tracing';

/** An error with a public face: its code and message reach the caller, its cause only the log. */
export function rpcError(
  code: status,
  message: string,
  metadata: Record<string, string> = {},
  cause?: unknown,
): ServiceError {
  const carried = new Metadata();
  for (const [key, value] of Object.entries(metadata)) carried.set(key, value);
  return Object.assign(new Error(message, { cause }), { code, details: message, metadata: carried });
}

/** What a command may know of its call. */
export interface CallContext {
  readonly requestId: string;
  /** Aborted when nobody waits for the answer any longer: the caller cancelled, or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; Infinity where the caller gave none. */
  readonly deadlineAtMs: number;
}

function decoded<Request>(request: Request): Request {
  if (!(request instanceof UndecodableRequest)) return request;
  throw rpcError(status.INVALID_ARGUMENT, 'the request is no message of its kind', {}, request.cause);
}

const asText = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** Of signals after the end: without one each abort would make an error and its stack. */
const OVER = 'refused';
/** Of calls refused with a code: with a full queue there are as many as there are calls, and the least to spare for them. */
const REFUSALS_LOGGED_A_SECOND = 10;

/**
 * Adapts a command to a unary call; what is no `rpcError` becomes INTERNAL without its details. A command looks at the signal
 * between its steps and ends there by `throwIfAborted`.
 */
export function unaryHandler<Request, Response>(
  logger: Logger,
  name: string,
  command: (request: Request, context: CallContext) => Promise<Response>,
  metrics?: MetricsRegistry,
): handleUnaryCall<Request, Response> {
  const refusalLines = new LineLimit(REFUSALS_LOGGED_A_SECOND, (leftOut) =>
    logger.warn({ rpc: name, leftOut }, 'refused, more often'),
  );
  return (call, callback) => {
    const startedAt = performance.now();
    const requestId = String(call.metadata.get('x-request-id')[0] ?? '');
    const abandoned = new AbortController();
    let isAnswered = false;
    // Comes at the end of each call: after an answer nobody looks at the signal, and an abort would make an error and its stack.
    call.on('cancelled', () => {
      if (!isAnswered) abandoned.abort();
    });
    const answer: typeof callback = (...answered) => {
      isAnswered = true;
      callback(...answered);
    };
    const parent = traceContextOf((header) => asText(call.metadata.get(header)[0]));
    const context = { requestId, signal: abandoned.signal, deadlineAtMs: Number(call.getDeadline()) };
    withSpan(name, { kind: SpanKind.SERVER, parent }, async () => command(decoded(call.request), context)).then(
      (response) => {
        logger.debug({ rpc: name, requestId, latencyMs: performance.now() - startedAt }, 'answered');
        countRpc(metrics, name, performance.now() - startedAt);
        answer(null, response);
      },
      (error: Error & { code?: unknown }) => {
        if (abandoned.signal.aborted) {
          logger.debug({ rpc: name, requestId, latencyMs: performance.now() - startedAt }, 'abandoned');
          countRpc(metrics, name, performance.now() - startedAt, { code: status.CANCELLED });
          answer(rpcError(status.CANCELLED, `${name}: the caller no longer waits`));
          return;
        }
        const known = typeof error.code === 'number';
        if (!known) logger.error({ rpc: name, requestId, err: error }, 'refused');
        else if (error.code === status.INTERNAL || refusalLines.take())
          logger.warn({ rpc: name, requestId, err: error }, 'refused');
        const face = known
          ? (error as ServiceError)
          : rpcError(status.INTERNAL, `${name} failed; see the service's log under request ${requestId}`);
        countRpc(metrics, name, performance.now() - startedAt, face);
        // What it left waiting, as for a thread, need not be done.
        abandoned.abort(OVER);
        answer(face);
      },
    );
  };
}
