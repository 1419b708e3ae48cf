/** Whatever bytes and numbers come in, the services answer with the status that says whose fault it is, and serve on. */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { RankRequest, RankResponse, RetrieveRequest, RetrieveResponse } from '@watchnext/contract';
import { newState } from '@watchnext/features';
import fc from 'fast-check';
import { FIRST_SNAPSHOT, VIDEO_IDS, VIDEOS, World } from './world';

const PATHS = {
  retrieve: '/watchnext.retrieval.v1.RetrievalService/Retrieve',
  rank: '/watchnext.ranking.v1.RankingService/Rank',
} as const;
type Rpc = keyof typeof PATHS;

const context = {
  requestedAtMs: Date.now(),
  surface: 'home',
  country: 'SE',
  device: 'tv',
  loggedIn: false,
  seedVideoId: '',
};
const state = {
  ...newState('ada'),
  watchCount: 1,
  watches: [
    { videoId: 'v00', startedAtMs: Date.now() - 60_000, watchSeconds: 50, durationSeconds: 60, playbackHash: 7 },
  ],
};
const candidateOf = (index: number) => {
  const { videoId, channelId, topics, durationSeconds, uploadedAtMs } = VIDEOS[index % VIDEOS.length]!;
  return {
    videoId,
    video: { channelId, topics, durationSeconds, uploadedAtMs },
    source: 'retrieval',
    sourceScore: 1,
  };
};
const retrieveOf = (more: Partial<RetrieveRequest> = {}) =>
  Buffer.from(
    RetrieveRequest.encode({
      state,
      context,
      candidateCount: 20,
      snapshotId: '',
      excludeVideoIds: [],
      ...more,
    }).finish(),
  );
const rankOf = (more: Partial<RankRequest> = {}) => {
  const candidates = Array.from({ length: 20 }, (_, index) => candidateOf(index));
  return Buffer.from(
    RankRequest.encode({
      state,
      context,
      candidates,
      snapshotId: '',
      explain: false,
      checksumCount: 0,
      ...more,
    }).finish(),
  );
};

describe('bad input', () => {
  let world: World;
  const clients = {} as Record<Rpc, Client>;
  let crashes: unknown[];
  const onCrash = (error: unknown) => crashes.push(error);

  const call = (rpc: Rpc, bytes: Buffer) =>
    new Promise<{ code: status; details: string; answer?: Buffer }>((resolve) =>
      clients[rpc].makeUnaryRequest(
        PATHS[rpc],
        (given: Buffer) => given,
        (received: Buffer) => received,
        bytes,
        (error: ServiceError | null, answer?: Buffer) =>
          resolve(
            error
              ? { code: error.code, details: error.details }
              : { code: status.OK, details: '', ...(answer ? { answer } : {}) },
          ),
      ),
    );
  const valid = { retrieve: retrieveOf(), rank: rankOf() };

  beforeAll(async () => {
    process.on('unhandledRejection', onCrash);
    world = await World.create();
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    clients.retrieve = new Client(`127.0.0.1:${world.retrievalPort}`, credentials.createInsecure());
    clients.rank = new Client(`127.0.0.1:${world.rankingPort}`, credentials.createInsecure());
  });
  afterAll(async () => {
    for (const client of Object.values(clients)) client.close();
    await world?.close();
    process.off('unhandledRejection', onCrash);
  });

  /** An answer is good only if it can be read, and is as many finite numbers as belong to it. */
  const expectSound = (rpc: Rpc, request: Buffer, answer: Buffer) => {
    if (rpc === 'rank') {
      const { candidates } = RankRequest.decode(request);
      const { scores } = RankResponse.decode(answer);
      expect(scores).toHaveLength(candidates.length);
      for (const { expectedWatchSeconds } of scores) {
        expect(Number.isFinite(expectedWatchSeconds)).toBe(true);
        expect(expectedWatchSeconds).toBeGreaterThanOrEqual(0);
      }
      return;
    }
    const { candidateCount } = RetrieveRequest.decode(request);
    const { candidates } = RetrieveResponse.decode(answer);
    expect(candidates.length).toBeLessThanOrEqual(candidateCount);
    expect(new Set(candidates.map(({ videoId }) => videoId)).size).toBe(candidates.length);
    expect(candidates.filter(({ score }) => !Number.isFinite(score))).toEqual([]);
    expect(candidates.filter(({ videoId }) => !VIDEO_IDS.includes(videoId))).toEqual([]);
  };

  beforeEach(() => (crashes = []));
  afterEach(async () => {
    expect(crashes).toEqual([]);
    const retrieved = await call('retrieve', valid.retrieve);
    expect(RetrieveResponse.decode(retrieved.answer!).candidates).toHaveLength(20);
    const ranked = await call('rank', valid.rank);
    expect(RankResponse.decode(ranked.answer!).scores).toHaveLength(20);
  });

  it.each<Rpc>(['retrieve', 'rank'])('of random bytes to %s is the caller’s fault', async (rpc) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect((await call(rpc, Buffer.from(bytes))).code).toBe(status.INVALID_ARGUMENT);
      }),
      { numRuns: 150 },
    );
  });

  it.each<Rpc>(['retrieve', 'rank'])('of damaged requests to %s is answered or the caller’s fault', async (rpc) => {
    const damage = fc.record({ at: fc.nat(10_000), byte: fc.nat(255), cutTo: fc.option(fc.nat(10_000)) });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        let bytes = Buffer.from(valid[rpc]);
        for (const { at, byte, cutTo } of damages) {
          bytes[at % bytes.length] = byte;
          if (cutTo !== null) bytes = bytes.subarray(0, Math.max(1, cutTo % (bytes.length + 1)));
        }
        const { code, details, answer } = await call(rpc, bytes);
        // A damaged snapshot id names one that is not held.
        const allowed = [status.OK, status.INVALID_ARGUMENT, status.FAILED_PRECONDITION];
        expect({ code, details, isAllowed: allowed.includes(code) }).toMatchObject({ isAllowed: true });
        if (code === status.OK) expectSound(rpc, bytes, answer!);
      }),
      { numRuns: 250 },
    );
  });

  it.each<[string, Rpc, Buffer, string]>([
    ['k of 0', 'retrieve', retrieveOf({ candidateCount: 0 }), 'candidateCount must be 1 to 2000, not 0'],
    ['k of a million', 'retrieve', retrieveOf({ candidateCount: 1_000_000 }), 'candidateCount must be 1 to 2000'],
    ['no candidates', 'rank', rankOf({ candidates: [] }), 'candidates must be 1 to 2000, not 0'],
    [
      '10,000 candidates',
      'rank',
      rankOf({ candidates: Array.from({ length: 10_000 }, (_, index) => candidateOf(index)) }),
      'candidates must be 1 to 2000, not 10000',
    ],
    ['no context', 'rank', rankOf({ context: undefined }), 'context is missing'],
    ['no state', 'retrieve', retrieveOf({ state: undefined }), 'state is missing'],
    ['10,000 exclusions', 'retrieve', retrieveOf({ excludeVideoIds: Array(10_000).fill('v') }), 'excludeVideoIds has'],
    [
      'a NaN duration',
      'rank',
      rankOf({ candidates: [{ ...candidateOf(0), video: { ...candidateOf(0).video, durationSeconds: NaN } }] }),
      'candidates[0].video.durationSeconds must be a finite number',
    ],
    [
      'an infinite score',
      'rank',
      rankOf({ candidates: [{ ...candidateOf(0), sourceScore: -Infinity }] }),
      'candidates[0].sourceScore must be a finite number',
    ],
    [
      'NaN watch seconds',
      'retrieve',
      retrieveOf({ state: { ...state, watches: [{ ...state.watches[0]!, watchSeconds: NaN }] } }),
      'state.watches[0].watchSeconds must be a finite number, not NaN',
    ],
    ['a time of 0', 'rank', rankOf({ context: { ...context, requestedAtMs: 0 } }), 'context.requestedAtMs is missing'],
    [
      'a negative time',
      'retrieve',
      retrieveOf({ context: { ...context, requestedAtMs: -5 } }),
      'context.requestedAtMs must not be below zero',
    ],
  ])('of %s is refused by its field', async (_, rpc, bytes, details) => {
    expect(await call(rpc, bytes)).toEqual({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(details),
    });
  });

  describe.each<Rpc>(['retrieve', 'rank'])('to the health service of %s', (rpc) => {
    const HEALTH = '/grpc.health.v1.Health';
    const check = (bytes: Buffer) =>
      new Promise<{ code: status; answer?: Buffer }>((resolve) =>
        clients[rpc].makeUnaryRequest(
          `${HEALTH}/Check`,
          (given: Buffer) => given,
          (received: Buffer) => received,
          bytes,
          (error: ServiceError | null, answer?: Buffer) =>
            resolve(error ? { code: error.code } : { code: status.OK, ...(answer ? { answer } : {}) }),
        ),
      );
    /** One field, text of number 1. */
    const named = (service: string) => {
      const text = Buffer.from(service);
      return Buffer.concat([Buffer.from([0x0a, text.length]), text]);
    };
    /** One field, number 1: SERVING. */
    const SERVING = Buffer.from([0x08, 0x01]);

    it('is answered, or refused as the caller’s fault, and it goes on telling the truth', async () => {
      const codes = new Set<status>();
      const expectHarmless = async (bytes: Buffer) => {
        const { code, answer } = await check(bytes);
        codes.add(code);
        expect([status.OK, status.NOT_FOUND, status.INVALID_ARGUMENT]).toContain(code);
        // What it answers to is the service as a whole, or one that there is.
        if (code === status.OK) expect(answer).toEqual(SERVING);
      };
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), (bytes) => expectHarmless(Buffer.from(bytes))),
        { numRuns: 150 },
      );
      await fc.assert(
        fc.asyncProperty(fc.string({ maxLength: 40 }), (service) => expectHarmless(named(service))),
        { numRuns: 100 },
      );
      expect([...codes]).toEqual(expect.arrayContaining([status.INVALID_ARGUMENT, status.NOT_FOUND]));
      expect(await check(Buffer.alloc(0))).toEqual({ code: status.OK, answer: SERVING });
      expect(await check(named('watchnext.live'))).toEqual({ code: status.OK, answer: SERVING });
      expect((await check(named('__proto__'))).code).toBe(status.NOT_FOUND);
    });

    it('that would be watched ends with the same refusal', async () => {
      const code = await new Promise<status>((resolve) => {
        const call = clients[rpc].makeServerStreamRequest(
          `${HEALTH}/Watch`,
          (given: Buffer) => given,
          (received: Buffer) => received,
          Buffer.from([0xff]),
        );
        call.on('data', () => undefined);
        call.on('error', (error: ServiceError) => resolve(error.code));
        call.on('end', () => undefined);
      });
      expect(code).toBe(status.INVALID_ARGUMENT);
    });
  });

  it('of a message beyond the limit is refused before it is read', async () => {
    const { code } = await call('rank', Buffer.alloc(17 * 1024 * 1024, 1));
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('of an RPC that there is none of is UNIMPLEMENTED', async () => {
    const code = await new Promise((resolve) =>
      clients.rank.makeUnaryRequest(
        `${PATHS.rank}Everything`,
        (given: Buffer) => given,
        (received: Buffer) => received,
        valid.rank,
        (error: ServiceError | null) => resolve(error?.code),
      ),
    );
    expect(code).toBe(status.UNIMPLEMENTED);
  });
});
