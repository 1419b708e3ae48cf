import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { type RankRequest, RankingServiceService, type RankResponse } from '@watchnext/contract';
import { newState } from '@watchnext/features';
import { grpcClientSecurity } from '@watchnext/service';
import { Circuit, CIRCUIT_OPTIONS } from '../resilience/circuit';
import { Dependency } from '../resilience/dependency';
import { connectRanking, type Ranking } from './model-clients';

const LATE_AFTER_MS = 30;
const context = { requestedAtMs: 1, surface: '', country: '', device: '', loggedIn: false, seedVideoId: '' };
const requestOf = (explain: boolean): RankRequest => ({
  state: newState('ada'),
  context,
  candidates: [],
  snapshotId: '',
  explain,
  checksumCount: 0,
});

describe('a ranking service that does not answer in time', () => {
  const server = new Server();
  let port: number;
  let isDown = false;
  let ranking: Ranking | undefined;

  beforeAll(async () => {
    server.addService(RankingServiceService, {
      rank: (_: ServerUnaryCall<RankRequest, RankResponse>, answer: sendUnaryData<RankResponse>) => {
        if (isDown) answer({ code: 13 });
      },
    });
    port = await new Promise((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
  });
  afterEach(() => ranking?.close());
  afterAll(() => server.forceShutdown());

  async function askedTenTimes(explain: boolean): Promise<Dependency> {
    // Its time stands still: it stays open however late this process is.
    const asked = new Dependency('ranking', { circuit: new Circuit(CIRCUIT_OPTIONS, () => 0) });
    ranking = connectRanking(`127.0.0.1:${port}`, asked, grpcClientSecurity({}));
    for (let i = 0; i < 10; i++) {
      const limits = {
        deadlineAtMs: Date.now() + LATE_AFTER_MS,
        signal: new AbortController().signal,
        isHurried: false,
      };
      await ranking.rank(requestOf(explain), 'r', limits).catch(() => undefined);
    }
    return asked;
  }

  it('is not asked for a while', async () => {
    expect((await askedTenTimes(false)).circuitState).toBe('open');
  });

  it('stays open to everyone where only explanations were late, which take many times as long as scores', async () => {
    expect((await askedTenTimes(true)).circuitState).toBe('closed');
  });

  it('is not asked for a while where it fails explanations', async () => {
    isDown = true;
    expect((await askedTenTimes(true)).circuitState).toBe('open');
  });
});
