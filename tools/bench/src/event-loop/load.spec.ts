import { setTimeout as sleep } from 'node:timers/promises';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import {
  RankingServiceService,
  RankRequest,
  RankResponse,
  RetrievalServiceService,
  RetrieveResponse,
} from '@watchnext/contract';
import { Load } from './load';

describe('the load on two event loops', () => {
  const counts = { ranking: 0, retrieval: 0 };
  const server = new Server();
  let port: number;
  beforeAll(async () => {
    server.addService(RankingServiceService, {
      rank: (_: unknown, answer: (error: null, response: RankResponse) => void) => {
        counts.ranking++;
        answer(null, RankResponse.fromPartial({}));
      },
    });
    server.addService(RetrievalServiceService, {
      retrieve: (_: unknown, answer: (error: object | null, response?: RetrieveResponse) => void) => {
        if (++counts.retrieval % 2 === 0) answer({ code: 14 });
        else answer(null, RetrieveResponse.fromPartial({}));
      },
    });
    port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
  });
  afterAll(() => server.forceShutdown());

  it('goes to both at the same rate, and says how much was sent and what failed', async () => {
    const startMs = Date.now();
    const ports = { ranking: port, retrieval: port };
    const load = new Load(ports, () => RankRequest.fromPartial({}), { rate: 100, candidates: 1, seed: 1 });
    await sleep(300);
    await load.stop();
    expect(load.sent).toBeGreaterThan(0);
    expect(load.sent).toBeLessThanOrEqual(1 + (Date.now() - startMs) / 10);
    expect(counts).toEqual({ ranking: load.sent, retrieval: load.sent });
    expect(load.failures).toBe(Math.floor(load.sent / 2));
  });
});
