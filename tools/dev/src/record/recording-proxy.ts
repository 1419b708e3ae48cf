/** Stands between the gateway and a model service: passes each call on, and keeps request and answer. */
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  type RankRequest,
  type RankResponse,
  RankingServiceClient,
  RankingServiceService,
  type RetrieveRequest,
  type RetrieveResponse,
  RetrievalServiceClient,
  RetrievalServiceService,
} from '@watchnext/contract';
import { createLogger, GrpcServer, unaryHandler } from '@watchnext/service';
import type { Exchange } from '../recording';

const HOST = '127.0.0.1';
const logger = createLogger('recorder', { level: 'error', format: 'json' });

export interface RecordingProxy<Request, Response> {
  readonly address: string;
  readonly exchanges: readonly Exchange<Request, Response>[];
  /** Drops what was recorded so far. */
  forget(): void;
  close(): Promise<void>;
}

/** @param port of the service to record */
export async function recordRetrieval(port: number): Promise<RecordingProxy<RetrieveRequest, RetrieveResponse>> {
  const client = new RetrievalServiceClient(`${HOST}:${port}`, credentials.createInsecure());
  const exchanges: Exchange<RetrieveRequest, RetrieveResponse>[] = [];
  const retrieve = passedOn<RetrieveRequest, RetrieveResponse>(client.retrieve.bind(client), exchanges);
  const server = new GrpcServer(logger, 'recorder', RetrievalServiceService, {
    retrieve: unaryHandler(logger, 'Retrieve', retrieve),
  });
  return opened(server, client, exchanges);
}

/** @param port of the service to record */
export async function recordRanking(port: number): Promise<RecordingProxy<RankRequest, RankResponse>> {
  const client = new RankingServiceClient(`${HOST}:${port}`, credentials.createInsecure());
  const exchanges: Exchange<RankRequest, RankResponse>[] = [];
  const rank = passedOn<RankRequest, RankResponse>(client.rank.bind(client), exchanges);
  const server = new GrpcServer(logger, 'recorder', RankingServiceService, {
    rank: unaryHandler(logger, 'Rank', rank),
  });
  return opened(server, client, exchanges);
}

/** Only what was answered is kept: an error, as of a snapshot that is not held, is passed on alone. */
function passedOn<Request, Response>(
  call: (request: Request, metadata: Metadata, done: (error: ServiceError | null, response: Response) => void) => void,
  exchanges: Exchange<Request, Response>[],
): (request: Request) => Promise<Response> {
  return (request) =>
    new Promise((resolve, reject) =>
      call(request, new Metadata(), (error, response) => {
        if (error) return reject(error);
        exchanges.push({ request, response });
        resolve(response);
      }),
    );
}

async function opened<Request, Response>(
  server: GrpcServer,
  client: { close(): void },
  exchanges: Exchange<Request, Response>[],
): Promise<RecordingProxy<Request, Response>> {
  const port = await server.listen(HOST, 0);
  return {
    address: `${HOST}:${port}`,
    exchanges,
    forget: () => void exchanges.splice(0),
    async close() {
      await server.close();
      client.close();
    },
  };
}
