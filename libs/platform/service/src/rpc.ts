import { status, type handleUnaryCall, type ServerUnaryCall, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Logger } from './logger';

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

/** Adapts a command to a unary call; what is no `rpcError` becomes INTERNAL without its details. */
export function unaryHandler<Request, Response>(
  logger: Logger,
  name: string,
  command: (request: Request, call: ServerUnaryCall<Request, Response>) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const startedAt = performance.now();
    const requestId = String(call.metadata.get('x-request-id')[0] ?? '');
    command(call.request, call).then(
      (response) => {
        logger.debug({ rpc: name, requestId, latencyMs: performance.now() - startedAt }, 'answered');
        callback(null, response);
      },
      (error: Error & { code?: unknown }) => {
        const known = typeof error.code === 'number';
        logger[known ? 'warn' : 'error']({ rpc: name, requestId, err: error }, 'refused');
        callback(
          known
            ? (error as ServiceError)
            : rpcError(status.INTERNAL, `${name} failed; see the service's log under request ${requestId}`),
        );
      },
    );
  };
}
