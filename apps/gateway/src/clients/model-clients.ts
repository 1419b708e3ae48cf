/** Calls to retrieval and ranking: one channel each, a deadline on every call. */
import { type CallOptions, type ChannelOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  type RankRequest,
  type RankResponse,
  RankingServiceClient,
  type RetrieveRequest,
  type RetrieveResponse,
  RetrievalServiceClient,
} from '@watchnext/contract';
import type { StageLimits } from '../pipeline/executor';
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

const CHANNEL_OPTIONS: ChannelOptions = {
  // gRPC's own back-off reaches two minutes: a service that is back should be found within a second.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
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

function call<Request extends { snapshotId: string }, Response>(
  dependency: string,
  unary: UnaryCall<Request, Response>,
  request: Request,
  requestId: string,
  limits: StageLimits,
): Promise<Response> {
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  return new Promise((resolve, reject) => {
    const running = unary(request, metadata, { deadline: limits.deadlineAtMs }, (error, response) => {
      if (error) reject(translateRpcError(dependency, request.snapshotId, error));
      else resolve(response);
    });
    limits.signal.addEventListener('abort', () => running.cancel(), { once: true });
  });
}

export function connectRetrieval(address: string): Retrieval {
  const client = new RetrievalServiceClient(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  return {
    retrieve: (request, requestId, limits) =>
      call<RetrieveRequest, RetrieveResponse>('retrieval', client.retrieve.bind(client), request, requestId, limits),
    close: () => client.close(),
  };
}

export function connectRanking(address: string): Ranking {
  const client = new RankingServiceClient(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  return {
    rank: (request, requestId, limits) =>
      call<RankRequest, RankResponse>('ranking', client.rank.bind(client), request, requestId, limits),
    close: () => client.close(),
  };
}
