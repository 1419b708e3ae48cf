/** Requests that are no message of their kind are the caller's fault, and are answered so; gRPC itself would say INTERNAL. */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** Stands in the place of a request that could not be decoded. */
export class UndecodableRequest {
  constructor(readonly cause: unknown) {}
}

/** The same service, whose handlers are given an `UndecodableRequest` where decoding throws. */
export function withUndecodable(definition: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      const decode = method.requestDeserialize;
      const requestDeserialize = (bytes: Buffer): unknown => {
        try {
          return decode(bytes);
        } catch (error) {
          return new UndecodableRequest(error);
        }
      };
      return [name, { ...method, requestDeserialize }];
    }),
  );
}

/** Handlers that are not ours: what could not be decoded is refused before it comes to them. */
export function refusingUndecodable(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): UntypedServiceImplementation {
  const refusal = { code: status.INVALID_ARGUMENT, details: 'the request is no message of its kind' };
  return Object.fromEntries(
    Object.entries(implementation).map(([name, handler]) => {
      const isStreaming = Object.entries(definition).some(
        ([method, { responseStream }]) => method.toLowerCase() === name.toLowerCase() && responseStream,
      );
      const stream: handleServerStreamingCall<unknown, unknown> = (call) => {
        if (call.request instanceof UndecodableRequest) call.emit('error', refusal);
        else (handler as typeof stream)(call);
      };
      const unary: handleUnaryCall<unknown, unknown> = (call, callback) => {
        if (call.request instanceof UndecodableRequest) callback(refusal);
        else (handler as typeof unary)(call, callback);
      };
      return [name, isStreaming ? stream : unary];
    }),
  );
}
