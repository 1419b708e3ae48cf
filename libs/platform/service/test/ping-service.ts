import type { ServiceDefinition } from '@grpc/grpc-js';

const bytes = (value: Buffer) => value;

/** A service with one call, of bytes to bytes. @param name of the service, as in protobuf */
export const pingService = (name: string): ServiceDefinition => ({
  ping: {
    path: `/${name}/Ping`,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
});
