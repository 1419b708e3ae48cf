/** Calls to retrieval and ranking: one channel each, a deadline on every call, which the services see and keep. */
import { type CallOptions, type ClientOptions, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  type RankRequest,
  type RankResponse,
  RankingServiceClient,
  type RetrieveRequest,
  type RetrieveResponse,
  RetrievalServiceClient,
} from '@watchnext/contract';
import { forgetEndedCalls, type GrpcClientSecurity, SpanKind, traceHeaders, withSpan } from '@watchnext/service';
import { onAbort } from '@watchnext/waiting';
import type { StageLimits } from '../pipeline/executor';
import type { Dependency } from '../resilience/dependency';
import { translateRpcError } from './rpc-failure';

export interface Retrieval {
  /** @throws DependencyError, SnapshotMissingError */
  retrieve(request: RetrieveRequest, requestId: string, limits: StageLimits): Promise<RetrieveResponse>;
  close(): void;
}

export interface Ranking {
  /** @throws DependencyError, SnapshotMissingError */
  rank(request: RankRequest, requestId: string, limits: StageLimits): Promise<RankResponse>;
  close(): void;
}

const CLIENT_OPTIONS: ClientOptions = {
  interceptors: [forgetEndedCalls],
  // gRPC's own back-off reaches two minutes: a service that is back should be found within a second.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Its own least time between two looks at DNS is 30 s: replicas that come and go should be seen at once.
  'grpc.dns_min_time_between_resolutions_ms': 1_000,
  // A channel that is made anew gets connections of its own: see `renewing`.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  // Replicas behind a headless service share the calls.
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

type UnaryCall<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => { cancel(): void };

/** One try of a call. */
function attempt<Request extends { snapshotId: string }, Response>(
  { name }: Dependency,
  unary: UnaryCall<Request, Response>,
  request: Request,
  requestId: string,
  deadlineAtMs: number,
): (signal: AbortSignal) => Promise<Response> {
  const once = (signal: AbortSignal) => {
    const metadata = new Metadata();
    metadata.set('x-request-id', requestId);
    for (const [header, value] of Object.entries(traceHeaders() ?? {})) metadata.set(header, value);
    return new Promise<Response>((resolve, reject) => {
      const running = unary(request, metadata, { deadline: deadlineAtMs }, (error, response) => {
        ignore();
        if (error) reject(translateRpcError(name, request.snapshotId, error));
        else resolve(response);
      });
      const ignore = onAbort(signal, () => running.cancel());
    });
  };
  return (signal) => withSpan(`call ${name}`, { kind: SpanKind.CLIENT }, () => once(signal));
}

/**
 * A client that is made anew, with new connections, whenever most calls have failed, but not for the answer that there is too much
 * to do: connections that brought it are sound, and new ones would be one more thing to do. What a broken network did to a
 * connection may outlast it: one wrong byte of a compressed header, and both ends read all later headers differently,
 * while pings are answered.
 */
function renewing<Client extends { close(): void }>(dependency: Dependency, connect: () => Client) {
  let client = connect();
  dependency.onCircuitOpen((reason) => {
    if (reason === 'overload') return;
    const former = client;
    client = connect();
    former.close();
  });
  return { current: () => client, close: () => client.close() };
}

export function connectRetrieval(address: string, dependency: Dependency, security: GrpcClientSecurity): Retrieval {
  const options = { ...CLIENT_OPTIONS, ...security.options };
  const client = renewing(dependency, () => new RetrievalServiceClient(address, security.credentials, options));
  const unary: UnaryCall<RetrieveRequest, RetrieveResponse> = (...call) => client.current().retrieve(...call);
  return {
    retrieve: (request, requestId, limits) =>
      dependency.repeatable(attempt(dependency, unary, request, requestId, limits.deadlineAtMs), limits),
    close: client.close,
  };
}

export function connectRanking(address: string, dependency: Dependency, security: GrpcClientSecurity): Ranking {
  const options = { ...CLIENT_OPTIONS, ...security.options };
  const client = renewing(dependency, () => new RankingServiceClient(address, security.credentials, options));
  const unary: UnaryCall<RankRequest, RankResponse> = (...call) => client.current().rank(...call);
  return {
    rank: (request, requestId, limits) => {
      const once = attempt(dependency, unary, request, requestId, limits.deadlineAtMs);
      // Explanations take many times as long as scores: to them the usual latency says nothing, and a late one, asked for by
      // somebody who looks at one list, must not close ranking to everyone else.
      return request.explain
        ? dependency.once(once, { ...limits, isHurried: true })
        : dependency.repeatable(once, limits);
    },
    close: client.close,
  };
}
