import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { type RankRequest, RankingServiceService, type RankResponse } from '@watchnext/contract';
import { newState } from '@watchnext/features';
import { grpcClientSecurity } from '@watchnext/service';
import { Circuit, CIRCUIT_OPTIONS } from '../resilience/circuit';
import { Dependency } from '../resilience/dependency';
import { connectRanking, type Ranking } from './model-clients';

/** Calls that are not answered end by it; how much later than it is not looked at. */
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

describe('a ranking service that fails', () => {
  const server = new Server();
  let port: number;
  /** What calls are answered with; undefined: nothing. */
  let code: status | undefined;
  const connections = new Set<string>();
  let ranking: Ranking | undefined;

  beforeAll(async () => {
    server.addService(RankingServiceService, {
      rank: (call: ServerUnaryCall<RankRequest, RankResponse>, answer: sendUnaryData<RankResponse>) => {
        connections.add(call.getPeer());
        if (code !== undefined) answer({ code });
      },
    });
    port = await new Promise((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
  });
  beforeEach(() => {
    code = undefined;
    connections.clear();
  });
  afterEach(() => ranking?.close());
  afterAll(() => server.forceShutdown());

  /** @param clock of the circuit; where time stands still, it stays open however late this process is */
  async function askedTenTimes(explain: boolean, clock = () => 0): Promise<Dependency> {
    // However late this process is, it is not held up by its own clock.
    const asked = new Dependency('ranking', { circuit: new Circuit(CIRCUIT_OPTIONS, clock), clock: () => 0 });
    ranking = connectRanking(`127.0.0.1:${port}`, asked, grpcClientSecurity({}));
    for (let i = 0; i < 10; i++) {
      const limits = {
        // What answers is not late, however busy this machine is.
        deadlineAtMs: Date.now() + (code === undefined ? LATE_AFTER_MS : 600_000),
        signal: new AbortController().signal,
        isHurried: false,
      };
      await ranking.rank(requestOf(explain), 'r', limits).catch(() => undefined);
    }
    return asked;
  }

  it('is not asked for a while where it is late', async () => {
    expect((await askedTenTimes(false)).circuitState).toBe('open');
  });

  it('is asked all the same where only explanations were late, which take many times as long as scores', async () => {
    expect((await askedTenTimes(true)).circuitState).toBe('closed');
  });

  it('is not asked for a while where it fails explanations', async () => {
    code = status.INTERNAL;
    expect((await askedTenTimes(true)).circuitState).toBe('open');
  });

  it.each([
    ['the old connection where it turns calls away', status.RESOURCE_EXHAUSTED, 1],
    ['new connections where it fails: each try after the eighth may have a broken one', status.INTERNAL, 3],
  ])('is asked over %s', async (_, answered, connectionCount) => {
    code = answered;
    // Each look is a circuit's pause later: all calls are made, those after it opened as tries.
    let nowMs = 0;
    const asked = await askedTenTimes(false, () => (nowMs += CIRCUIT_OPTIONS.openMs));
    expect([asked.circuitState, connections.size]).toEqual(['half-open', connectionCount]);
  });
});
