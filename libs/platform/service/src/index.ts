export { ApiError } from './api-error';
export { isAskedByAddress, isLoopback, mayBeOfPage } from './asked-by-name';
export { type ExperimentsFollowing, followExperiments } from './experiments';
export { Draining } from './draining';
export { type Labels, LATENCY_BUCKETS, MetricsRegistry } from './metrics';
export { type ProbeServer, type ReadyState, serveProbes } from './probe-server';
export { SERVICE_HELP, SERVICE_METRICS, sharedMetrics } from './metric-names';
export { FollowedOffsets } from './followed-offsets';
export { LogFollowers } from './log-followers';
export { RepeatedQuestion } from './repeated-question';
export { RepeatedReading } from './repeated-reading';
export { watchProcess } from './service-metrics';
export { installTracing, SpanKind, traceHeaders, withSpan } from './tracing';
export { withRecordSpans } from './trace-records';
export { nameRequest, REQUEST_ID_HEADER, requestIdOf } from './request-id';
export { callerGoneSignal, onceClosed } from './caller-connection';
export { type BodyInFlight, countBodies, declaredBytes, hasBody, InFlightBytes } from './in-flight-bytes';
export { LineLimit } from './line-limit';
export { SoundEvents } from './sound-events';
export { tailCatalogue } from './tail-catalogue';
export { createLogger, type Logger } from './logger';
export { followLog, isRefused, type LogFollowing, openServiceLog, type ServiceLog, untilFollowing } from './follow-log';
export { keepRequestsYoung } from './keep-young';
export { runService } from './run-service';
export { serviceMain } from './service-main';
export { nestOptions, type RunningApp, startApp } from './start-app';
export { type RunningHttpService, startHttpService } from './http-service';
export { forgetEndedCalls } from './ended-calls';
export { type GrpcClientSecurity, grpcClientSecurity, grpcServerCredentials } from './grpc-credentials';
export { watchCertificates } from './certificate-watch';
export { httpsServerOptions, logRefusedCallers } from './https-options';
export { GrpcServer, LIVENESS_SERVICE } from './grpc-server';
export { ModelServer } from './model-server';
export { type CallContext, rpcError, unaryHandler } from './rpc';
export { invalidArgument, requirePlausible, requireStateAndContext } from './request-check';
export {
  announceSnapshot,
  followSnapshots,
  HELD_SNAPSHOTS_METADATA,
  type SnapshotFollowing,
  useSnapshot,
} from './snapshot-serving';
