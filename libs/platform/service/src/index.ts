export { createLogger, type Logger } from './logger';
export { runService } from './run-service';
export { GrpcServer } from './grpc-server';
export { rpcError, unaryHandler } from './rpc';
