/** Requests that are no message of their kind are the caller's fault, and are answered so; gRPC itself would say INTERNAL. */
import type { ServiceDefinition } from '@grpc/grpc-js';

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
